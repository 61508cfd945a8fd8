/**
 * What lets a release in on evidence, as the host asks it; `@bulkhead/guard` has one. The host carries evaluations on, mirrors calls,
 * moves tenants and moves them back. How two releases are compared, and what is evidence, is the judge's.
 */
import type { JsonObject, JsonValue, OutcomeKind } from '@bulkhead/protocol';
import type { StartTimer } from './base/timer.ts';
import type { Harness } from './harness-api.ts';
import type { RecordedCall } from './storage/recordings-port.ts';

/**
 * Judges releases. No method keeps anything between two evaluations.
 *
 * @public
 */
export type ReleaseJudge = {
  /** Says what is wrong with a policy, or undefined where nothing is. */
  readonly wrongPolicy: (policy: string) => string | undefined;
  /**
   * Runs both releases on the same cases, side by side: what was recorded of live calls, and what is made from the tools' schemas.
   *
   * @throws where it could not be done, whatever the candidate does; and with the signal's reason once that has fired.
   */
  readonly compare: (trial: ReleaseTrial) => Promise<Comparison>;
  /** Opens what runs mirrored calls on the candidate. @throws where no guest can be opened. */
  readonly openShadow: (trial: ReleaseTrial) => Promise<Shadow>;
  /** Judges live calls; sound at every look, so it may be asked after each. */
  readonly judgeLive: (counts: LiveCounts, plan: GatePlan) => LiveVerdict;
};

/**
 * How releases are compared. `same` answers are the live release's own, `valid` ones are what the tool's schema takes. `cases` is how
 * many are run at most.
 *
 * @public
 */
export type GatePlan = {
  /** As in `bulkhead guard evaluate --policy`: a preset such as `noninferiority:margin=0.02`, or the text of a TOML policy. */
  readonly policy: string;
  readonly answers: 'same' | 'valid';
  readonly cases: number;
  readonly seed: number;
};

/**
 * Two releases of a plugin, and what they are judged with. `recorded` are live calls, newest first. `open` makes guests of one of the
 * two versions, which the judge closes: granted what the tenant has granted the plugin, or nothing.
 *
 * @public
 */
export type ReleaseTrial = {
  readonly plugin: string;
  readonly from: string;
  readonly to: string;
  readonly plan: GatePlan;
  readonly recorded: readonly RecordedCall[];
  readonly open: (
    version: string,
    options: { readonly isGranted: boolean; readonly instances?: number },
  ) => Promise<Harness>;
  /** Takes secrets out of whatever is kept of a call. */
  readonly redact: (text: string) => string;
  readonly clock: JudgeClock;
  readonly signal: AbortSignal;
  readonly didProgress: (progress: { readonly done: number; readonly total: number }) => void;
};

/**
 * Time as a judge takes it: `now` for durations, `wallTime` since the epoch, in milliseconds. `startTimer` answers how to cancel.
 *
 * @public
 */
export type JudgeClock = {
  readonly now: () => number;
  readonly wallTime: () => number;
  readonly startTimer: StartTimer;
};

/**
 * What came of a comparison. `summary` holds a few numbers, at most 4 KiB as JSON.
 *
 * @public
 */
export type Comparison = {
  readonly verdict: 'adopt' | 'reject' | 'inconclusive';
  readonly reasons: readonly string[];
  readonly summary: JsonObject;
  readonly report: JsonObject;
};

/**
 * The candidate on calls that the live release has answered. Nothing of its answers is seen by anybody, and what it does has no effect
 * outside its guests, but where the tool is idempotent.
 *
 * @public
 */
export type Shadow = AsyncDisposable & {
  /** Never rejects; undefined where it could not be run for no reason of either release, so that it says nothing of them. */
  readonly run: (call: MirroredCall) => Promise<ShadowPair | undefined>;
};

/**
 * A live call, what it was given, and how it ended.
 *
 * @public
 */
export type MirroredCall = {
  readonly tenant: string;
  readonly tool: string;
  readonly params: JsonObject;
  readonly isIdempotent: boolean;
  readonly end:
    | { readonly ok: true; readonly value: JsonValue }
    | { readonly ok: false; readonly kind: OutcomeKind; readonly code: string };
};

/**
 * Which of the two did well. `flip` says what went wrong where only the live release did, without what is secret.
 *
 * @public
 */
export type ShadowPair = {
  readonly end: keyof PairCounts;
  readonly flip?: { readonly tool: string; readonly params: JsonValue; readonly why: string };
};

/**
 * How pairs ended.
 *
 * @public
 */
export type PairCounts = {
  readonly both: number;
  readonly only_candidate: number;
  readonly only_baseline: number;
  readonly neither: number;
};

/**
 * Live calls. `pairs`: both releases had the same call. `unpaired`: only the candidate had them, and `before` are those that the
 * baseline had until then.
 *
 * @public
 */
export type LiveCounts = {
  readonly pairs: PairCounts;
  readonly unpaired: FailureCount;
  readonly before: FailureCount;
};

/**
 * Calls, and how many of them failed by the plugin's fault.
 *
 * @public
 */
export type FailureCount = { readonly calls: number; readonly failed: number };

/**
 * What live calls say. `worse`: than the policy lets pass. `no_worse`: shown. `unsettled`: neither is shown yet.
 *
 * @public
 */
export type LiveVerdict = { readonly verdict: 'worse' | 'no_worse' | 'unsettled'; readonly reason: string };
