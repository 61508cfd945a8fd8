/**
 * Judges a candidate against a baseline: what is to hold of it (tasks), what is seen of a run (monitors), and whether what was
 * found lets it in (decision).
 */
export type { ExecutionResult, MonitorAlert, MonitorContext, MonitorRecord, MonitorSummary } from '@bulkhead/protocol';
export type { GuardErrorCode } from './guard-error.ts';
export { GuardError } from './guard-error.ts';
export type { JsonArgs } from './task/json.ts';
export type {
  CaseSource,
  Metric,
  Property,
  Task,
  TaskArbitraries,
  TaskFormat,
  TaskMetric,
  TaskProperty,
  TaskRelation,
  TaskSpec,
} from './task/task.ts';
export { defineTask, isTask } from './task/define-task.ts';
export type { TaskRegistry } from './task/task-registry.ts';
export { createTaskRegistry } from './task/task-registry.ts';
export type { Case, CaseOptions } from './task/cases.ts';
export { casesFromJsonLines, casesFromRecords, generateCases } from './task/cases.ts';
export type { FollowUps, RelateInput, Relation, RelationHead, RelationRule, TransformInput } from './task/relations.ts';
export { composeRelations } from './task/relations.ts';
export type { ArgumentOption, CountOption, ResultOption } from './task/relation-library.ts';
export {
  addNoiseBelowMin,
  appendNeutral,
  dropLowest,
  duplicate,
  duplicateTop,
  idempotent,
  inverse,
  libraryRelations,
  monotone,
  permute,
  reverseInput,
  scale,
  shift,
} from './task/relation-library.ts';
export type { JudgedCase, JudgeOptions, RunCase } from './task/judge-case.ts';
export { judgeCase } from './task/judge-case.ts';
export type { Check, RunAnswer, RunFailure, TaskFault, Violation } from './task/judged.ts';
export type { MetricReading } from './task/read-metrics.ts';
export { readMetrics } from './task/read-metrics.ts';
export type { RelationSuggestion, SuggestOptions } from './task/suggest-relations.ts';
export { suggestRelations } from './task/suggest-relations.ts';
export type { ShrinkOptions, Shrunk } from './task/shrink.ts';
export { shrinkCase, stillBreaks } from './task/shrink.ts';
export type { TopKArgs } from './task/tasks/top-k.ts';
export { TOP_K } from './task/tasks/top-k.ts';
export type { Decision, Verdict } from './decision/decide.ts';
export { decide } from './decision/decide.ts';
export type { Evidence, HardRegression, RailAlert } from './decision/evidence.ts';
export type { Policy } from './decision/policy.ts';
export { DEFAULT_POLICY, noninferiority, superiority } from './decision/policy.ts';
export type { ClassicBounds, ClassicDecision, ClassicEvidence } from './decision/classic-gate.ts';
export { classicGate } from './decision/classic-gate.ts';
export type {
  BuiltInAlert,
  BuiltInMonitor,
  BuiltInSummary,
  Monitor,
  MonitorStatus,
  Severity,
} from './monitors/monitor.ts';
export { isMonitor } from './monitors/monitor.ts';
export type { CommonOptions } from './monitors/settings.ts';
export type { LatencyOptions } from './monitors/latency.ts';
export { createLatency } from './monitors/latency.ts';
export type { SuccessRateOptions } from './monitors/success-rate.ts';
export { createSuccessRate } from './monitors/success-rate.ts';
export type { TrendOptions } from './monitors/trend.ts';
export { createTrend } from './monitors/trend.ts';
export type { FairnessOptions } from './monitors/fairness.ts';
export { createFairness } from './monitors/fairness.ts';
export type { ResourceOptions } from './monitors/resource.ts';
export { createResource } from './monitors/resource.ts';
export type { LlmCostOptions } from './monitors/llm-cost.ts';
export { createLlmCost } from './monitors/llm-cost.ts';
export type { VarianceOptions } from './monitors/variance.ts';
export { createVariance } from './monitors/variance.ts';
export type { CompositeOptions } from './monitors/composite.ts';
export { createComposite } from './monitors/composite.ts';
export { MONITOR_NAMES, parseMonitorSpec } from './monitors/monitor-spec.ts';
export type {
  MonitorFailure,
  MonitorReport,
  MonitorRunner,
  MonitorRunnerOptions,
  StartTimer,
} from './monitors/monitor-runner.ts';
export { createMonitorRunner } from './monitors/monitor-runner.ts';
