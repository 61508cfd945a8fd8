/**
 * Judges a candidate against a baseline: what is to hold of it (tasks), what is seen of a run (monitors), and whether what was
 * found lets it in (decision).
 */
export type { StartTimer } from '@bulkhead/host';
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
export type { DescribeOptions, DescribedCategory, DescribedRelation } from './task/describe-suggestions.ts';
export { describeSuggestions } from './task/describe-suggestions.ts';
export type { KeyedItem, SortArgs, SortItems } from './task/tasks/sort.ts';
export { SORT } from './task/tasks/sort.ts';
export type { JsonParserArgs, JsonParserResult } from './task/tasks/json-parser.ts';
export { JSON_PARSER } from './task/tasks/json-parser.ts';
export type { Candidate, RankingArgs } from './task/tasks/ranking.ts';
export { RANKING } from './task/tasks/ranking.ts';
export type { PromptPairArgs } from './task/tasks/prompt-pair.ts';
export { LABELS, PROMPT_PAIR } from './task/tasks/prompt-pair.ts';
export type { TopKArgs } from './task/tasks/top-k.ts';
export { TOP_K } from './task/tasks/top-k.ts';
export type { Decision, Verdict } from './decision/decide.ts';
export { createDecider, decide } from './decision/decide.ts';
export type {
  Evidence,
  Flip,
  HardRegression,
  LooksTaken,
  MeasuredObjectives,
  RailAlert,
  Totals,
} from './decision/evidence.ts';
export { orderFlips } from './decision/evidence.ts';
export type { Objectives, PolicyCheck } from './decision/objectives.ts';
export type { ClassicPolicy, EvidencePolicy, Looks, PlannedLooks, Policy, PolicyFields } from './decision/policy.ts';
export { DEFAULT_POLICY, createPolicy, noninferiority, superiority } from './decision/policy.ts';
export { isLookDue } from './decision/planned-looks.ts';
export type { ClassicBounds, ClassicDecision, ClassicEvidence } from './decision/classic-gate.ts';
export { classicGate } from './decision/classic-gate.ts';
export { POLICY_PRESETS, parsePolicy } from './policy/parse-policy.ts';
export { parsePolicyToml, policyFromJson, policyToJson, policyToToml } from './policy/policy-files.ts';
export type { HistoryFault, PolicyHistoryLine } from './policy/policy-history.ts';
export type { PolicySignature, PolicyStatement, PolicyTrust } from './policy/sign-policy.ts';
export { policySha256, signPolicy, verifyPolicy } from './policy/sign-policy.ts';
export type { KeptPolicy, PolicyHistoryVerdict, PolicyStore, PolicyWritten } from './policy/policy-store.ts';
export { openPolicyStore } from './policy/policy-store.ts';
export type { Execution, ExecutionErrorType, Executor, ExecutorAbout } from './executors/executor.ts';
export { runAnswerOf } from './executors/run-answer.ts';
export type { MeasuredRun } from './executors/normalize.ts';
export { normalizeExecution } from './executors/normalize.ts';
export type { LocalExecutorOptions } from './executors/local.ts';
export { createLocalExecutor } from './executors/local.ts';
export type { PluginExecutorOptions } from './executors/plugin-executor.ts';
export { createPluginExecutor } from './executors/plugin-executor.ts';
export type { HttpExecutorOptions, WallClock } from './executors/http-executor.ts';
export { createHttpExecutor } from './executors/http-executor.ts';
export type { LlmExecutorOptions } from './executors/llm-executor.ts';
export { createLlmExecutor } from './executors/llm-executor.ts';
export type { PromptOutput } from './executors/prompt.ts';
export type { DockerExecutorOptions } from './executors/docker-executor.ts';
export { createDockerExecutor } from './executors/docker-executor.ts';
export type { CacheOptions } from './executors/cache.ts';
export { cached } from './executors/cache.ts';
export type { RunClock } from './executors/settled-run.ts';
export type { ExecutorSpec } from './executors/executor-spec.ts';
export { EXECUTOR_NAMES, parseExecutorSpec } from './executors/executor-spec.ts';
export type { ExecutorParts } from './executors/open-executor.ts';
export { openExecutor } from './executors/open-executor.ts';
export type { CaseJournal, JournalHead } from './evaluation/case-journal.ts';
export { openCaseFile } from './evaluation/case-journal.ts';
export type {
  EvaluateRequest,
  EvaluationClock,
  EvaluationProgress,
  Implementation,
  ReportFacts,
} from './evaluation/evaluate-options.ts';
export type { EvaluatedPair, EvaluatedSide } from './evaluation/evaluated-pair.ts';
export { evaluate } from './evaluation/evaluate.ts';
export type {
  CheckCounts,
  CheckCoverage,
  Report,
  ReportConfig,
  ReportFlip,
  ReportLooks,
  ReportMetric,
  ReportRegression,
  RoleTotals,
  TimingTotals,
} from './report/report.ts';
export { REPORT_SCHEMA, reportSchemaText } from './report/report-schema.ts';
export { parsePair, parseReport } from './report/parse-report.ts';
export type { Redact } from './report/redact.ts';
export { createRedaction, redactPair, redactReport } from './report/redact.ts';
export type { EvidenceSource } from './report/evidence-of.ts';
export { alertsOf, evidenceOf } from './report/evidence-of.ts';
export type { FigureDifference, Replay, ReplayOptions } from './report/replay.ts';
export { replayDecision } from './report/replay.ts';
export { CONTENT_SECURITY_POLICY, renderHtml } from './report/html/page.ts';
export { linearAxis, type Axis } from './report/html/axis.ts';
export { gridOf, picture, vertical, type Frame } from './report/html/frame.ts';
export { markup, markupLines, type Markup, type MarkupPart } from './report/html/markup.ts';
export { REPORT_STYLE } from './report/html/style.ts';
export { countText, durationText, numberText, percentText } from './report/plain-figures.ts';
export { renderJunit } from './report/junit.ts';
export { renderMarkdown } from './report/markdown.ts';
export { renderText } from './report/text.ts';
export type { WriteReportOptions, WrittenReport } from './report/write-report.ts';
export { reportName, writeReport } from './report/write-report.ts';
export { makeFolder } from './report/make-folder.ts';
export type { AuditCheck } from './report/audit-log.ts';
export { appendAudit, verifyAudit } from './report/audit-log.ts';
export type { GateQuality, GateQualityOptions, MutantVerdict, Survivor, Unjudged } from './mutation/gate-quality.ts';
export { gateQuality } from './mutation/gate-quality.ts';
export type { Mutant, MutantOptions } from './mutation/mutants.ts';
export { mutants } from './mutation/mutants.ts';
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
export type { DriftOptions } from './monitors/drift.ts';
export { createDrift } from './monitors/drift.ts';
export type { PiiOptions } from './monitors/pii.ts';
export { createPii } from './monitors/pii.ts';
export type { SafetyOptions } from './monitors/safety.ts';
export { createSafety } from './monitors/safety.ts';
export type { PluginMonitorOptions } from './monitors/plugin-monitor.ts';
export { createPluginMonitor } from './monitors/plugin-monitor.ts';
export type { SandboxedMonitorOptions } from './monitors/sandboxed-monitor.ts';
export { createSandboxedMonitor } from './monitors/sandboxed-monitor.ts';
export type { MonitorParts } from './monitors/open-monitor.ts';
export { openMonitor } from './monitors/open-monitor.ts';
export { MONITOR_NAMES, parseMonitorSpec } from './monitors/monitor-spec.ts';
export type { MonitorFailure, MonitorReport, MonitorRunner, MonitorRunnerOptions } from './monitors/monitor-runner.ts';
export { createMonitorRunner } from './monitors/monitor-runner.ts';
export { createReleaseJudge, type ReleaseJudgeOptions } from './releases/release-judge.ts';
