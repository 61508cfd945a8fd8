/**
 * The study of a gate (EVIDENCE, G9): how many mutants of six reference implementations it turns away, and how many texts that do the
 * same in another way it turns away with them. How one is judged is handed in.
 */
import { createRandom } from '../statistics/random.ts';
import type { Interval } from '../statistics/interval.ts';
import { wilsonInterval } from '../statistics/proportions/proportions.ts';
import type { Task } from '../task/task.ts';
import { gateQuality, type GateQuality, type MutantVerdict } from './gate-quality.ts';
import { mutants, type Mutant } from './mutants.ts';
import { DATE_MATH_REFERENCE } from './references/date-math.ts';
import { JSON_PARSER_REFERENCE } from './references/json-parser.ts';
import { LRU_REFERENCE } from './references/lru.ts';
import type { Reference } from './references/reference.ts';
import { ROUNDING_REFERENCE } from './references/rounding.ts';
import { SORT_REFERENCE } from './references/sort.ts';
import { TOP_K_REFERENCE } from './references/top-k.ts';

/** The six, in the order of EVIDENCE. */
export const REFERENCES: readonly Reference[] = [
  SORT_REFERENCE,
  TOP_K_REFERENCE,
  LRU_REFERENCE,
  JSON_PARSER_REFERENCE,
  DATE_MATH_REFERENCE,
  ROUNDING_REFERENCE,
];

/**
 * What is to be judged: a candidate's text against that of the baseline, on `n` cases of `seed` of the task. Both export `solve`.
 */
export type StudiedPair = {
  readonly task: Task;
  readonly baseline: string;
  readonly candidate: string;
  readonly n: number;
  readonly seed: number;
};

/** How: `n` is 400 where not given, `seed` 42, `mutantsEach` 10; `references`, all six. */
export type StudyOptions = {
  readonly judge: (pair: StudiedPair) => Promise<MutantVerdict>;
  readonly n?: number;
  readonly seed?: number;
  readonly mutantsEach?: number;
  readonly references?: readonly Reference[];
};

/** What came of one reference; `refused` names the refactors that were turned away, and those that could not be judged. */
export type StudiedReference = {
  readonly name: string;
  readonly quality: GateQuality;
  readonly refactors: number;
  readonly refused: readonly string[];
};

/** What came of all. Rates are of everything that was judged, intervals Wilson's at 95 %. */
export type GateQualityStudy = {
  readonly references: readonly StudiedReference[];
  readonly killRate: number;
  readonly killInterval: Interval;
  readonly wrongRejectionRate: number;
  readonly wrongRejectionInterval: Interval;
};

const N = 400;
const SEED = 42;
const MUTANTS_EACH = 10;

/**
 * Runs the study, one judgement after another.
 *
 * @throws {GuardError} `MUTANTS_INVALID` where `mutantsEach` is below 1 or there are no references.
 * @throws {StatisticsError} `STATISTICS_INPUT` where nothing could be judged.
 */
export async function gateQualityStudy({
  judge,
  n = N,
  seed = SEED,
  mutantsEach = MUTANTS_EACH,
  references = REFERENCES,
}: StudyOptions): Promise<GateQualityStudy> {
  const studied: StudiedReference[] = [];
  for (const reference of references) {
    const { task, source: baseline } = reference;
    const judgeText = (candidate: string) => judge({ task, baseline, candidate, n, seed });
    studied.push({
      name: reference.name,
      quality: await gateQuality({
        mutants: studiedMutants(reference, { seed, max: mutantsEach }),
        judge: ({ source }) => judgeText(source),
      }),
      refactors: reference.refactors.length,
      refused: await refusedOf(reference, judgeText),
    });
  }
  return totalsOf(studied);
}

/**
 * The mutants of a reference without those that are known to do the same: the first `max` of them in the order of the seed.
 *
 * @throws {GuardError} as {@link mutants}.
 */
export function studiedMutants(
  reference: Reference,
  { seed, max }: { readonly seed: number; readonly max: number },
): readonly Mutant[] {
  const all = mutants(reference.source, { seed }).filter((mutant) => !isEquivalent(reference, mutant));
  const random = createRandom(seed);
  return all
    .map((mutant) => ({ mutant, key: random.next() }))
    .toSorted((one, other) => one.key - other.key)
    .slice(0, max)
    .map(({ mutant }) => mutant);
}

/** Whether a mutant stands in the list of those that do the same. */
export function isEquivalent({ source, equivalents }: Reference, mutant: Mutant): boolean {
  const line = source.split('\n')[mutant.line - 1]?.trim();
  return equivalents.some(
    (one) =>
      one.operator === mutant.operator &&
      one.line === line &&
      one.before === mutant.before &&
      one.after === mutant.after,
  );
}

async function refusedOf(
  { refactors }: Reference,
  judge: (source: string) => Promise<MutantVerdict>,
): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const { name, source } of refactors) {
    const { kind } = await judge(source);
    if (kind !== 'survived') refused.push(name);
  }
  return refused;
}

function totalsOf(references: readonly StudiedReference[]): GateQualityStudy {
  const killed = sumOf(references, ({ quality }) => quality.killed + quality.timedOutConfirmed);
  const judged = sumOf(references, ({ quality }) => quality.total - quality.errors.length);
  const refused = sumOf(references, (one) => one.refused.length);
  const refactors = sumOf(references, (one) => one.refactors);
  return {
    references,
    killRate: killed / judged,
    killInterval: wilsonInterval(killed, judged),
    wrongRejectionRate: refused / refactors,
    wrongRejectionInterval: wilsonInterval(refused, refactors),
  };
}

function sumOf(references: readonly StudiedReference[], count: (reference: StudiedReference) => number): number {
  return references.reduce((sum, reference) => sum + count(reference), 0);
}
