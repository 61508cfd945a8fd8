/**
 * The statistics of guard: what a pass rate, a difference, a shift or a sequence of looks lets one say, and with what error.
 * Pure functions of numbers.
 */
export { StatisticsError } from './statistics-error.ts';
export type { Interval } from './interval.ts';
export { clopperPearsonInterval, newcombeInterval, noFailureBound, wilsonInterval } from './proportions/proportions.ts';
export type { ComparedPairs, DiscordantPairs, PairedCounts, PairedTable } from './pairs.ts';
export { bonettPriceInterval, newcombePairedInterval, tangoInterval } from './proportions/paired.ts';
export type { McNemarTest } from './proportions/mcnemar.ts';
export { mcnemar } from './proportions/mcnemar.ts';
export { mcnemarExactInterval } from './proportions/mcnemar-exact.ts';
export type { RelativeRisk } from './proportions/risk.ts';
export { relativeRiskInterval } from './proportions/risk.ts';
export type { EProcessOptions, EProcessResult } from './looks/e-process.ts';
export { eProcess, mcnemarEValue, pairsUntilPromotion } from './looks/e-process.ts';
export type { BoundedEProcess, BoundedEProcessOptions, BoundedEProcessState } from './looks/bounded-e-process.ts';
export { createBoundedEProcess } from './looks/bounded-e-process.ts';
export type { Msprt, MsprtOptions } from './looks/msprt.ts';
export { createMsprt } from './looks/msprt.ts';
export type { GroupSequentialPower, Spending } from './looks/group-sequential.ts';
export {
  groupSequentialPower,
  lanDeMetsBounds,
  obrienFlemingConstant,
  peekingError,
  pocockConstant,
} from './looks/group-sequential.ts';
export type {
  ELond,
  ELondState,
  LordPlusPlus,
  LordState,
  OnlineDecision,
  OnlineOptions,
} from './looks/multiplicity.ts';
export {
  benjaminiHochberg,
  benjaminiYekutieli,
  createELond,
  createLordPlusPlus,
  hochberg,
  holm,
  inverseSquareWeight,
  logarithmicWeight,
} from './looks/multiplicity.ts';
export type { PairedDesign } from './proportions/power.ts';
export { minimumDetectableDifference, pairedPower, pairedSampleSize, unpairedSampleSize } from './proportions/power.ts';
export type { Alternative } from './values/alternative.ts';
export type { MannWhitney, MannWhitneyOptions, SignedRank } from './values/ranks.ts';
export { hodgesLehmannInterval, mannWhitneyTest, signedRankTest } from './values/ranks.ts';
export { orderStatisticInterval, orderStatisticRanks, quantileOf } from './values/quantiles.ts';
export { mean } from './values/mean.ts';
export type { BootstrapOptions } from './values/bootstrap.ts';
export {
  bcaInterval,
  bcaPairedProportions,
  clusterBootstrapInterval,
  pairedRatioInterval,
  percentileInterval,
} from './values/bootstrap.ts';
export type { Statistic } from './values/resampling.ts';
export type { ClusteredMean } from './values/clusters.ts';
export { clusterRobustInterval } from './values/clusters.ts';
export type { MannKendall, Slope } from './values/trend.ts';
export { mannKendall, theilSen } from './values/trend.ts';
export type { BrownForsythe } from './values/spread.ts';
export { brownForsythe } from './values/spread.ts';
export type { Random } from './random.ts';
export { createRandom } from './random.ts';
