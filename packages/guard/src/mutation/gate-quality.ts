/**
 * How good a gate is: mutants of the baseline are put before it, and the share that it turns away is its kill rate. How one is judged is
 * handed in, and everything else counts.
 *
 * A timeout by itself kills nothing: a busy machine makes them, too. It counts as killed only where the judge has confirmed it,
 * as by running the case again alone (Stryker counts all of them; EVIDENCE 1a, "Failure taxonomy").
 */
import { GuardError } from '../guard-error.ts';
import type { Interval } from '../statistics/interval.ts';
import { wilsonInterval } from '../statistics/proportions/proportions.ts';
import type { Mutant } from './mutants.ts';

/**
 * What a gate says of one mutant: it turned it away, let it in, ran out of time with it (`confirmed`: again when it ran alone), or
 * could not judge it, which says nothing of either.
 *
 * @public
 */
export type MutantVerdict =
  | { readonly kind: 'killed' | 'survived' }
  | { readonly kind: 'timed_out'; readonly confirmed: boolean }
  | { readonly kind: 'error'; readonly message: string };

/**
 * A mutant that the gate let in, with its change as two lines, `- before` and `+ after`.
 *
 * @public
 */
export type Survivor = Pick<Mutant, 'id' | 'operator' | 'line' | 'column'> & { readonly diff: string };

/**
 * A mutant that could not be judged.
 *
 * @public
 */
export type Unjudged = Pick<Mutant, 'id'> & { readonly message: string };

/**
 * The counts. `total` is `killed` + `survived` + `timedOut` + `errors.length`; of `timedOut`, `timedOutConfirmed` count as killed in `killRate`.
 * `killRate` is of all but the errors, undefined where there are no others, and `interval` Wilson's for it. `survivors` has at most
 * 1,000, and those that timed out unconfirmed are none of them.
 *
 * @public
 */
export type GateQuality = {
  readonly total: number;
  readonly killed: number;
  readonly survived: number;
  readonly timedOut: number;
  readonly timedOutConfirmed: number;
  readonly killRate: number | undefined;
  readonly interval: Interval | undefined;
  readonly survivors: readonly Survivor[];
  readonly errors: readonly Unjudged[];
};

/**
 * Which mutants, and how one is judged. A `judge` that rejects has not judged: it is counted among the errors.
 *
 * @public
 */
export type GateQualityOptions = {
  readonly mutants: readonly Mutant[];
  readonly judge: (mutant: Mutant) => Promise<MutantVerdict>;
  /** Of the interval, 0.95 where not given. */
  readonly confidence?: number;
};

const CONFIDENCE = 0.95;
const SURVIVORS_MAX = 1_000;
const MESSAGE_LENGTH_MAX = 500;

/**
 * Judges the mutants, one after another, in their order.
 *
 * @throws {GuardError} `MUTANTS_INVALID` where there are none.
 * @throws {StatisticsError} `STATISTICS_INPUT` where the confidence is not between 0 and 1.
 * @public
 */
export async function gateQuality({
  mutants,
  judge,
  confidence = CONFIDENCE,
}: GateQualityOptions): Promise<GateQuality> {
  if (mutants.length === 0) throw new GuardError('MUTANTS_INVALID', 'there are no mutants; expected at least one');
  const judged: Judged[] = [];
  for (const mutant of mutants) judged.push({ mutant, verdict: await verdictOf(judge, mutant) });
  return summaryOf(judged, confidence);
}

type Judged = { readonly mutant: Mutant; readonly verdict: MutantVerdict };

async function verdictOf(judge: GateQualityOptions['judge'], mutant: Mutant): Promise<MutantVerdict> {
  try {
    return await judge(mutant);
  } catch (cause) {
    return { kind: 'error', message: cause instanceof Error ? cause.message : String(cause) };
  }
}

function summaryOf(judged: readonly Judged[], confidence: number): GateQuality {
  const killed = judged.filter(({ verdict }) => verdict.kind === 'killed').length;
  const survivors = judged.filter(({ verdict }) => verdict.kind === 'survived');
  const timedOut = judged.filter(({ verdict }) => verdict.kind === 'timed_out');
  const timedOutConfirmed = timedOut.filter(({ verdict }) => verdict.kind === 'timed_out' && verdict.confirmed).length;
  const errors = judged.flatMap(({ mutant, verdict }) =>
    verdict.kind === 'error' ? [{ id: mutant.id, message: verdict.message.slice(0, MESSAGE_LENGTH_MAX) }] : [],
  );
  const [away, answered] = [killed + timedOutConfirmed, judged.length - errors.length];
  return {
    total: judged.length,
    killed,
    survived: survivors.length,
    timedOut: timedOut.length,
    timedOutConfirmed,
    killRate: answered === 0 ? undefined : away / answered,
    interval: answered === 0 ? undefined : wilsonInterval(away, answered, confidence),
    survivors: survivors.slice(0, SURVIVORS_MAX).map(({ mutant }) => survivorOf(mutant)),
    errors,
  };
}

function survivorOf({ id, operator, line, column, before, after }: Mutant): Survivor {
  return { id, operator, line, column, diff: `${lines('-', before)}\n${lines('+', after)}` };
}

function lines(sign: string, text: string): string {
  return text
    .split('\n')
    .map((line) => `${sign} ${line}`)
    .join('\n');
}
