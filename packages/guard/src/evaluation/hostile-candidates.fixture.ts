/**
 * For tests: candidates that are right but for some cases of sixty, in each of which they do a deed in place of a wrong answer. One case in
 * sixty is few enough that an evaluation which left it out would let the candidate in.
 */
import { noninferiority } from '../decision/policy.ts';
import { generateCases } from '../task/cases.ts';
import type { Report } from '../report/report.ts';
import { evaluate } from './evaluate.ts';
import type { EvaluateRequest, Implementation } from './evaluate-options.ts';
import { CLOCK, RIGHT, SUM, type Bench } from './evaluate.fixture.ts';

/** Cases of an evaluation. */
export const N = 60;
const SEED = 7;
/** Adopts what fails nowhere after 51 cases, and would do so without the bad one. */
const POLICY = noninferiority(0.1);

/** What differs from the evaluation that all share. */
export type Asked = Partial<EvaluateRequest>;

/** Judges a candidate over a right baseline, or over the one that is given. */
export async function judged(
  bench: Bench,
  texts: { readonly candidate: string; readonly baseline?: string },
  asked: Asked = {},
): Promise<Report> {
  const { candidate, baseline = RIGHT } = texts;
  const sides = { baseline: await bench.implement(baseline), candidate: await bench.implement(candidate) };
  try {
    return await evaluate({ task: SUM, seed: SEED, n: N, policy: POLICY, ...sides, ...asked }, CLOCK);
  } finally {
    await closed(Object.values(sides));
  }
}

/** Closes the executors of some sides. */
export async function closed(sides: readonly Implementation[]): Promise<void> {
  for (const { executor } of sides) await executor.close?.();
}

/** Numbers of cases, in any order: each of them is that of one case alone. */
const LISTS = (() => {
  const keys = generateCases(SUM, { n: N, seed: SEED }).map(({ args }) => keyOf(args[0]));
  return keys.filter((key) => key.split(',').length >= 3 && keys.filter((one) => one === key).length === 1);
})();

function keyOf(list: unknown): string {
  return JSON.stringify([...(list as number[])].toSorted((one, other) => one - other)); // A case of SUM has one.
}

/** Right, but for one case for each deed, where it does the deed; `before` stands at its top, and `always` is done in every call. */
export function candidateOf(deeds: readonly string[], { before = '', always = '' } = {}): string {
  const arms = deeds.map((deed, at) => `${JSON.stringify(LISTS[at])}: (list: number[]) => { ${deed} },`);
  return `${before}
${RIGHT.replace('solve', 'right')}
const keyOf = (list: number[]) => JSON.stringify(list.toSorted((a, b) => a - b));
const DEEDS: Record<string, (list: number[]) => any> = { ${arms.join('\n')} };
export const solve = (list: number[]): any => { ${always}; return (DEEDS[keyOf(list)] ?? right)(list); };`;
}

/** What came of each deed, in their order: what is told of its case as a regression. */
export function toldOf(report: Report, count: number): readonly string[] {
  const told = new Map(report.regressions.map((one) => [keyOf(JSON.parse(one.args)[0]), `${one.kind} ${one.broken}`]));
  return LISTS.slice(0, count).map((key) => told.get(key) ?? 'not held against it');
}
