/**
 * What gated moves are carried on with. Wired once by the host.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StartTimer } from '../base/timer.ts';
import type { Mirror } from '../call/mirror.ts';
import type { Evaluations } from '../evaluations/evaluations.ts';
import type { ReleaseJudge } from '../gate-api.ts';
import type { Harness, ReleaseHarness } from '../harness-api.ts';
import type { MovePath } from '../moves/move-path.ts';
import type { RolloutDriver } from '../moves/rollout.ts';
import type { Recordings } from '../recordings-api.ts';
import type { CallCount, CallCountQuery } from '../storage/records-port.ts';

/** What carries evaluations on. `isAlive` tells whether another node may still carry one on. */
export type GatePath = {
  readonly judge: () => Promise<ReleaseJudge>;
  readonly move: MovePath;
  readonly rollouts: Pick<RolloutDriver, 'start' | 'cancel' | 'halt' | 'of'>;
  readonly evaluations: Evaluations;
  readonly recordings: Pick<Recordings, 'list'>;
  readonly mirror: Pick<Mirror, 'open'>;
  readonly openHarness: (options: ReleaseHarness) => Promise<Harness>;
  /** What the ledger holds by now, this node's newest calls among them. */
  readonly countCalls: (query: CallCountQuery) => Promise<readonly CallCount[]>;
  readonly redact: (text: string) => string;
  readonly random: () => number;
  readonly node: string;
  readonly isAlive: (node: string) => boolean;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly startTimer: StartTimer;
};
