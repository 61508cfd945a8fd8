/**
 * Asks proposers and the judge, unless the journal has their answer; a bounded number at once.
 */
import type { Evaluated, EvaluationRequest, Evaluator, Proposed } from './evaluator.ts';
import type { Journal, JournalEntry } from './journal.ts';

/** Who answers, from the journal or anew; what is anew is kept before it is handed on. */
export type Answers = {
  readonly propose: (index: number, ask: () => Promise<Proposed>) => Promise<Proposed>;
  readonly evaluate: (request: EvaluationRequest) => Promise<Evaluated>;
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
  const places = createPlaces(workers);
  return {
    propose: async (index, ask) => {
      const entry = entries.get(`proposed ${index}`);
      if (entry?.kind === 'proposed') return entry.proposed;
      const proposed = await places.within(ask);
      await journal.add({ kind: 'proposed', index, proposed });
      return proposed;
    },
    evaluate: async (request) => {
      const { evalIndex: index, measurement } = request;
      const entry = entries.get(`evaluated ${index} ${measurement}`);
      if (entry?.kind === 'evaluated') return entry.evaluated;
      const evaluated = await places.within(() => evaluator.evaluate(request, signal));
      await journal.add({ kind: 'evaluated', index, measurement, evaluated });
      return evaluated;
    },
  };
}

function keyOf(entry: JournalEntry): string {
  return entry.kind === 'proposed' ? `proposed ${entry.index}` : `evaluated ${entry.index} ${entry.measurement}`;
}

/** Lets so many pieces of work run at once; the others wait in the order in which they came. */
function createPlaces(count: number): { readonly within: <Answer>(work: () => Promise<Answer>) => Promise<Answer> } {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    within: async (work) => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
