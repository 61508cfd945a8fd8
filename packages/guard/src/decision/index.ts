/**
 * `@bulkhead/guard/decision`: what counts of cases and measured values let one decide, without the host, files and randomness, so that it
 * runs in a sandbox: a plugin brings this package as it brings any other.
 */
export { decide, type Decision, type Verdict } from './decide.ts';
export type { Evidence } from './evidence.ts';
export { noninferiority, superiority, type EvidencePolicy } from './policy.ts';
export { StatisticsError } from '../statistics/statistics-error.ts';
export type { Interval } from '../statistics/interval.ts';
export { quantileOf } from '../statistics/values/quantiles.ts';
export { hodgesLehmannInterval, mannWhitneyTest, signedRankTest } from '../statistics/values/ranks.ts';
