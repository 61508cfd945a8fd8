/**
 * The study of shrinking (EVIDENCE, G10): the same failing case of each challenge is made small by `shrinkCase` with at most 500 runs,
 * and by fast-check alone with as many as it likes.
 */
import * as fc from 'fast-check';
import { arbitraryValue, generateCases, type Case } from '../cases.ts';
import type { JsonArgs } from '../json.ts';
import { shrinkCase, type Shrunk } from '../shrink.ts';
import type { CaseSource } from '../task.ts';
import { CHALLENGES, type Challenge } from './challenges.ts';
import { compareSizes } from './size.ts';

/**
 * How: `run` runs the challenge's implementation (`source`) and answers whether the property holds; `seeds`, 1 to 10 where not
 * given; `runsMax`, 500.
 */
export type ShrinkStudyOptions = {
  readonly run: (challenge: Challenge, args: JsonArgs) => Promise<boolean>;
  readonly seeds?: readonly number[];
  readonly runsMax?: number;
  readonly challenges?: readonly Challenge[];
};

/**
 * One case made small in both ways. `runs` and `fastCheckRuns` count how often the property was asked; `isWorse` says that what fast-check
 * alone found is smaller, `isSmallest` that nothing is.
 */
export type ShrinkComparison = {
  readonly challenge: string;
  readonly seed: number;
  readonly kind: Shrunk['kind'];
  readonly start: JsonArgs;
  readonly args: JsonArgs;
  readonly runs: number;
  readonly fastCheckArgs: JsonArgs;
  readonly fastCheckRuns: number;
  readonly isWorse: boolean;
  readonly isSmallest: boolean;
};

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const RUNS_MAX = 500;
/** Cases that are looked through for one that fails. */
const CASES = 2_000;

/**
 * Runs the study, one challenge and seed after another; a seed whose cases all hold is left out.
 *
 * @throws What `run` rejects with.
 */
export async function shrinkStudy({
  run,
  seeds = SEEDS,
  runsMax = RUNS_MAX,
  challenges = CHALLENGES,
}: ShrinkStudyOptions): Promise<readonly ShrinkComparison[]> {
  const compared: ShrinkComparison[] = [];
  for (const challenge of challenges) {
    for (const seed of seeds) {
      const one = generateCases(challenge.task, { n: CASES, seed }).find(({ args }) => !challenge.holds(args));
      if (one === undefined) continue;
      const stillFails = async (args: JsonArgs): Promise<boolean> => !(await run(challenge, args));
      const shrunk = await shrinkCase(challenge.task, one, { stillFails, seed, runsMax });
      compared.push(comparisonOf(challenge, { seed, one, shrunk }));
    }
  }
  return compared;
}

function comparisonOf(
  challenge: Challenge,
  { seed, one, shrunk }: { readonly seed: number; readonly one: Case; readonly shrunk: Shrunk },
): ShrinkComparison {
  const alone = shrunkByFastCheck(challenge, { seed, one });
  return {
    challenge: challenge.name,
    seed,
    kind: shrunk.kind,
    start: one.args,
    args: shrunk.args,
    runs: shrunk.runs,
    fastCheckArgs: alone.args,
    fastCheckRuns: alone.runs,
    isWorse: compareSizes(shrunk.args, alone.args) > 0,
    isSmallest: compareSizes(shrunk.args, challenge.smallest) <= 0,
  };
}

/** By fast-check's own runner, whose first case is the one given. */
function shrunkByFastCheck(
  { task, holds }: Challenge,
  { seed, one }: { readonly seed: number; readonly one: Case },
): { readonly args: JsonArgs; readonly runs: number } {
  const { source } = task;
  if (source.kind !== 'arbitrary') return { args: one.args, runs: 0 };
  let runs = 0;
  const property = fc.property(new FixedStart(source, { seed, index: one.index }), (args) => {
    runs += 1;
    return holds(args);
  });
  const { counterexample } = fc.check(property, { numRuns: 1, seed });
  return { args: counterexample?.[0] ?? one.args, runs };
}

/** Makes the value of one case and nothing else, and shrinks as what made it does. */
class FixedStart extends fc.Arbitrary<JsonArgs> {
  readonly #source: CaseSource & { readonly kind: 'arbitrary' };
  readonly #place: { readonly seed: number; readonly index: number };

  constructor(
    source: CaseSource & { readonly kind: 'arbitrary' },
    place: { readonly seed: number; readonly index: number },
  ) {
    super();
    this.#source = source;
    this.#place = place;
  }

  override generate(): fc.Value<JsonArgs> {
    return arbitraryValue(this.#source, this.#place);
  }

  override canShrinkWithoutContext(value: unknown): value is JsonArgs {
    return this.#source.arbitrary.canShrinkWithoutContext(value);
  }

  override shrink(value: JsonArgs, context: unknown): fc.Stream<fc.Value<JsonArgs>> {
    return this.#source.arbitrary.shrink(value, context);
  }
}
