/**
 * For tests: the k-module problem (EVIDENCE 3b, E1). Four modules, five choices each, one of which is right; only how many are right is told.
 * Whoever proposes changes one module by chance.
 */
import { createRandom } from '@bulkhead/guard/statistics';
import type { Proposer } from '../mutation/proposer.ts';
import type { Evaluator } from './evaluator.ts';

/** The right choices. */
export const RIGHT = [3, 1, 4, 2] as const;
const CHOICES = 5;

/** A program with these choices. */
export function programOf(choices: readonly number[]): string {
  return `export function choose() {\n  return [${choices.join(', ')}];\n}\n`;
}

/** What a search begins with. */
export const START = { source: programOf([0, 0, 0, 0]), fileName: 'choose.ts', entryName: 'choose' } as const;

/** Changes one module by chance, as a whole source. */
export const BLIND: Proposer = {
  propose: async ({ parent, seed }) => {
    const random = createRandom(seed);
    const choices = [...choicesOf(parent)];
    const at = random.below(choices.length);
    choices[at] = ((choices[at] ?? 0) + 1 + random.below(CHOICES - 1)) % CHOICES;
    return { text: replacing(parent, programOf(choices)), usage: { inputTokens: 10, outputTokens: 5, costUsd: 0.001 } };
  },
};

/** An answer that is taken whichever form was asked for. */
export function replacing(before: string, after: string): string {
  return `<<<<<<< SEARCH\n${before}=======\n${after}>>>>>>> REPLACE\n`;
}

/** Counts the right choices; `didMeasure` is told of each measurement. */
export function counting(didMeasure: (source: string) => void = () => undefined): Evaluator {
  return {
    evaluate: async ({ source }) => {
      didMeasure(source);
      const cases = choicesOf(source).map((choice, at) => Number(choice === RIGHT[at]));
      const values = [cases.reduce((sum, value) => sum + value, 0)];
      return { kind: 'measured', values, cases, measures: { length: source.length } };
    },
  };
}

/** Lets others go first, for as many turns as a stream of its own says. */
export function unsteady<Answer>(seed: string, answer: Answer): Promise<Answer> {
  let turns = createRandom(seed).below(20);
  return new Promise((resolve) => {
    const next = (): void => void (turns-- <= 0 ? resolve(answer) : setImmediate(next));
    next();
  });
}

function choicesOf(source: string): readonly number[] {
  return (/\[(?<list>.*)\]/u.exec(source)?.groups?.['list'] ?? '').split(', ').map(Number);
}
