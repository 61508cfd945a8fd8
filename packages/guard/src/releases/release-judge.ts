/**
 * What lets a release in: guard as the host asks it (`ReleaseJudge`).
 */
import type { ReleaseJudge } from '@bulkhead/host';
import { compareReleases } from './compare-releases.ts';
import { judgeLive } from './judge-live.ts';
import { openReleaseShadow } from './shadow.ts';
import { wrongPolicy } from './trial-policy.ts';

/**
 * How many guests each release has in a comparison: as many cases run at once; 2 where it is left out.
 *
 * @public
 */
export type ReleaseJudgeOptions = { readonly instances?: number };

/**
 * Makes one, which keeps nothing.
 *
 * A comparison holds every answer of the candidate against what the live release answered to the same call, twice, in guests that
 * are not compared: the same value where it gave the same both times, any value where it did not, and any declared answer where it refused.
 *
 * @see ADR 39, 40; EVIDENCE 2.5, 2.13.
 * @public
 */
export function createReleaseJudge({ instances = 2 }: ReleaseJudgeOptions = {}): ReleaseJudge {
  return {
    wrongPolicy,
    compare: (trial) => compareReleases(trial, { instances }),
    openShadow: (trial) => Promise.resolve(openReleaseShadow(trial)),
    judgeLive,
  };
}
