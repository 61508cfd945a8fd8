/**
 * Judges a candidate against a baseline: whether what was found lets it in.
 */
export type { Decision, Verdict } from './decision/decide.ts';
export { decide } from './decision/decide.ts';
export type { Evidence, HardRegression, RailAlert } from './decision/evidence.ts';
export type { Policy } from './decision/policy.ts';
export { DEFAULT_POLICY, noninferiority, superiority } from './decision/policy.ts';
export type { ClassicBounds, ClassicDecision, ClassicEvidence } from './decision/classic-gate.ts';
export { classicGate } from './decision/classic-gate.ts';
