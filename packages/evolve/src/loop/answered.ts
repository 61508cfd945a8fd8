/**
 * Asks proposers and the judge, unless the journal has their answer; a bounded number at once.
 */
import type { Evaluated, EvaluationRequest, Evaluator, Proposed } from './evaluator.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { ParentChoice } from './parent-chooser.ts';
import { createPlaces } from './places.ts';

/** Who answers, from the journal or anew; what is anew is kept before it is handed on. */
export type Answers = {
  readonly propose: (index: number, ask: () => Promise<Proposed>) => Promise<Proposed>;
  readonly evaluate: (request: EvaluationRequest) => Promise<Evaluated>;
  readonly choose: (index: number, ask: () => Promise<ParentChoice>) => Promise<ParentChoice>;
  /** Whether a search ends after so many evaluations because its time is over; what was said once holds. */
  readonly isOver: (index: number, ask: () => boolean) => Promise<boolean>;
  /** Whether all that was asked for an evaluation was in the journal. */
  readonly isRecalled: (index: number) => boolean;
};

/** What they are made of. */
export type AnswerParts = {
  readonly journal: Journal;
  readonly known: readonly JournalEntry[];
  readonly evaluator: Evaluator;
  readonly workers: number;
  readonly signal: AbortSignal;
};

/** Makes them. */
export function createAnswers({ journal, known, evaluator, workers, signal }: AnswerParts): Answers {
  const entries = new Map(known.map((entry) => [keyOf(entry), entry]));
  const wasOver = known.some(({ kind }) => kind === 'over');
  const places = createPlaces(workers);
  const anew = new Set<number>();
  const underWay = new Map<number, () => Promise<void>>();
  return {
    propose: async (index, ask) => {
      const entry = entries.get(`proposed ${index}`);
      if (entry?.kind === 'proposed') return entry.proposed;
      anew.add(index);
      const proposed = await places.within(ask);
      const kept = journal.add({ kind: 'proposed', index, proposed });
      // Lines are kept in their order: one that is measured waits for its measurement alone, which no journal has without it.
      if (proposed.kind === 'failed') await kept;
      else underWay.set(index, settled(kept));
      return proposed;
    },
    evaluate: async (request) => {
      const { evalIndex: index, measurement } = request;
      const entry = entries.get(`evaluated ${index} ${measurement}`);
      if (entry?.kind === 'evaluated') return entry.evaluated;
      anew.add(index);
      const evaluated = await places.within(() => evaluator.evaluate(request, signal));
      await journal.add({ kind: 'evaluated', index, measurement, evaluated });
      await underWay.get(index)?.();
      underWay.delete(index);
      return evaluated;
    },
    choose: async (index, ask) => {
      const entry = entries.get(`chosen ${index}`);
      if (entry?.kind === 'chosen') return entry.chosen;
      const chosen = await ask();
      await journal.add({ kind: 'chosen', index, chosen });
      return chosen;
    },
    isOver: async (index, ask) => {
      if (wasOver) return entries.has(`over ${index}`);
      // What was answered before says that there was time.
      if (!anew.has(index) || !ask()) return false;
      await journal.add({ kind: 'over', index });
      return true;
    },
    isRecalled: (index) => !anew.has(index),
  };
}

/** A promise that may reject before anybody waits for it. */
function settled(promise: Promise<void>): () => Promise<void> {
  promise.catch(() => undefined); // Whoever waits hears of it.
  return () => promise;
}

function keyOf(entry: JournalEntry): string {
  const { kind, index } = entry;
  return kind === 'evaluated' ? `${kind} ${index} ${entry.measurement}` : `${kind} ${index}`;
}
