/**
 * Evolution: code that gets better under an honest judge.
 */
export type { EvolveErrorCode } from './evolve-error.ts';
export { EvolveError } from './evolve-error.ts';
export type { ChangeSummary } from './edits/change-summary.ts';
export { summarizeChange, unifiedDiff } from './edits/change-summary.ts';
export { EDIT_BYTES_MAX } from './edits/edit-bounds.ts';
export type { EntryPoint } from './edits/entry-signature.ts';
export { readEntry } from './edits/entry-signature.ts';
export type { EntrySignature } from './edits/written-entry.ts';
export { checkEntry, readWrittenEntry } from './edits/written-entry.ts';
export { applyFullRewrite } from './edits/full-rewrite.ts';
export { applyJsonMergePatch } from './edits/json-merge-patch.ts';
export { applyJsonPatch } from './edits/json-patch.ts';
export { checkRegions, hasRegions } from './edits/regions.ts';
export { applySearchReplace } from './edits/search-replace.ts';
export { applyUnifiedDiff } from './edits/unified-diff.ts';
export { applyYamlOverlay } from './edits/yaml-overlay.ts';
export type {
  EditForm,
  Proposal,
  ProposalRequest,
  ProposalUsage,
  Proposer,
  ProposingModel,
} from './mutation/proposer.ts';
export { EDIT_FORMS } from './mutation/proposer.ts';
export type { PromptOptions } from './mutation/prompt.ts';
export { buildMutatePrompt, INSPIRATION_LENGTH_MAX, INSPIRATIONS_MAX, PARENT_LENGTH_MAX } from './mutation/prompt.ts';
export type { MutateRequest, MutationOutcome, Refusal } from './mutation/mutate.ts';
export { executeTaskOf, type Executable } from './mutation/execute-task.ts';
export { mutate } from './mutation/mutate.ts';
export { mutateWith, RESAMPLES_MAX, type MutateParts } from './mutation/mutate-with.ts';
export type { MutatedFile, MutateFileParts, MutateFileRequest } from './mutation/mutate-file.ts';
export { defaultOutput, mutateFile, readTarget, TARGET_BYTES_MAX } from './mutation/mutate-file.ts';
export type { CassetteMode, CassetteOptions } from './mutation/stand-ins/cassette.ts';
export { CASSETTE_MODES, cassetteKey, openCassette } from './mutation/stand-ins/cassette.ts';
export { createEcho } from './mutation/stand-ins/echo.ts';
export type { Fault, FaultyOptions, Wait } from './mutation/stand-ins/faulty.ts';
export { createFaulty, FAULTS } from './mutation/stand-ins/faulty.ts';
export type { GrammarOptions } from './mutation/stand-ins/grammar.ts';
export { createGrammar } from './mutation/stand-ins/grammar.ts';
export type { ProposerParts } from './mutation/stand-ins/open-proposer.ts';
export { isStandIn, openProposer, PROPOSER_FORMS } from './mutation/stand-ins/open-proposer.ts';
export type { ScriptedAnswer } from './mutation/stand-ins/scripted.ts';
export { createScripted, parseScript, SCRIPT_ANSWERS_MAX } from './mutation/stand-ins/scripted.ts';
export {
  createTask,
  newerTaskResult,
  parseResult,
  parseTask,
  type InvalidTask,
  type NewerTask,
  type NewTaskFields,
  type ParsedResult,
  type TaskResult,
  type TaskSource,
} from '@bulkhead/protocol';
export type { Evaluated, EvaluationRequest, Evaluator, ModelUse, Proposed } from './loop/evaluator.ts';
export {
  evolve,
  type CommittedSearch,
  type Elite,
  type EvolveEnd,
  type EvolveParts,
  type EvolveReport,
  type EvolveStart,
  type SearchSoFar,
} from './loop/evolve.ts';
export { isPluginSelector, type ChoiceRequest, type ParentChoice, type ParentChooser } from './loop/parent-chooser.ts';
export { readEvolveConfig, type EvolveConfig } from './loop/evolve-config.ts';
export {
  createMemoryJournal,
  openFileJournal,
  readFileJournal,
  type Journal,
  type JournalEntry,
} from './loop/journal.ts';
export { lineageHash, type Commit } from './loop/lineage.ts';
export {
  createGuardEvaluator,
  type CandidateRuns,
  type CascadeStage,
  type GuardEvaluatorOptions,
} from './judge/guard-evaluator.ts';
export type { Objective } from './judge/objective.ts';
export { createPromotionTests, type PromotionEvidence, type PromotionTest } from './judge/decide-promotion.ts';
export { freshSeed, judgePromotion, type Promotion } from './judge/promote.ts';
export { createTaskExecutor, type AskedTask, type DoTask, type TaskEnd } from './judge/task-executor.ts';
export { createHostModel, type HostModelOptions } from './mutation/host-model.ts';
export { createChoices } from './mutation/stand-ins/choices.ts';
export { evolveRun } from './run/evolve-run.ts';
export type { Estimate } from './run/estimate.ts';
export type { RunParts, RunProgress } from './run/open-run.ts';
export { LIVE_PAGE_POLICY, LIVE_PAGE_SCRIPT, renderLivePage } from './run/html/live-page.ts';
export { renderRunHtml, renderRunView, endedView } from './run/html/page.ts';
export { openRunProposer, type RunProposerOptions } from './run/open-run-proposer.ts';
export { createPluginSelector, type PluginSelectorOptions } from './run/plugin-selector.ts';
export { RUN_REPORT_SCHEMA } from './run/run-report-schema.ts';
export { readRunConfig, type RunConfig } from './run/run-config.ts';
export {
  createRunFolder,
  openRunFolder,
  readRunFile,
  readRunFolder,
  winnerName,
  type RunFolder,
  type RunHead,
} from './run/run-folder.ts';
export type {
  CurvePoint,
  LineStep,
  PromotedSide,
  RunCell,
  RunControl,
  RunModel,
  RunPromotion,
  RunReport,
  RunUsage,
  RunView,
} from './run/run-report.ts';
export type { AddOutcome, Archive, ArchiveStatistics, LineageEntry } from './search/archive/archive.ts';
export type { Migration } from './search/archive/migration.ts';
export type { ArchiveConfig } from './search/archive/archive-config.ts';
export { createArchive } from './search/archive/create-archive.ts';
export { DEFAULT_DESCRIPTORS, type Descriptor } from './search/archive/descriptors.ts';
export { programId, type Origin, type Program } from './search/archive/program.ts';
export type { ModelArm, ModelsConfig } from './search/models/choose-model.ts';
export type { ModelTally } from './search/models/model-tallies.ts';
export { afterRound, nextRound, startRace, type Race, type Racer } from './search/fitness/race.ts';
export { fitnessOf, mergeFitness, rankScore, type Fitness, type RankRule } from './search/fitness/fitness.ts';
export {
  createNoveltyFilter,
  type Likeness,
  type NoveltyFilter,
  type NoveltyVerdict,
} from './search/novelty/novelty-filter.ts';
export {
  createView,
  type ChampionDatabase,
  type MeasuredProgram,
  type Member,
  type ProgramView,
  type Selectable,
} from './search/population/program-view.ts';
export { createSearchRandom, streamFor, type SearchRandom, type StreamKey } from './search/random/search-random.ts';
export { createSelector, DEFAULT_SELECTOR, SELECTOR_KINDS, type Selector } from './search/selectors/create-selector.ts';
export {
  discoverHandlers,
  type DiscoveredHandlers,
  type DiscoverOptions,
  type UnavailableHandler,
} from './handlers/discover-handlers.ts';
export { DISPATCH_MS, runTask, type RunTaskOptions } from './handlers/run-task.ts';
export {
  createWorker,
  WORKER_DEFAULTS,
  workerKinds,
  type Worker,
  type WorkerEvent,
  type WorkerExit,
  type WorkerExitReason,
  type WorkerOptions,
} from './workers/worker.ts';
export type { WorkerClock } from './workers/queue-away.ts';
export type { DeliveryEvent, LeaseFate, TaskRunner, WorkerQueue } from './workers/work-on-lease.ts';
export { createWorkerMetrics, type WorkerFigures, type WorkerMetrics } from './workers/worker-metrics.ts';
export {
  createWarmSpawner,
  desiredWorkers,
  SPAWNER_DEFAULTS,
  type LaunchedWorker,
  type SpawnerEvent,
  type SpawnerOptions,
  type WarmSpawner,
} from './workers/warm-spawner.ts';
export {
  callsOfRecordings,
  parseRepairCalls,
  REPAIR_CALLS_MAX,
  type Expectation,
  type RepairCall,
  type RepairRecording,
} from './repair/repair-calls.ts';
export {
  repairPlugin,
  type ProvedRepair,
  type RepairCandidate,
  type RepairCounts,
  type RepairOutcome,
  type RepairParts,
  type RepairProgress,
  type RepairRequest,
  type RepairTold,
} from './repair/repair.ts';
export type { RefusedAt } from './repair/judge-candidate.ts';
export type { RepairHost } from './repair/repair-release.ts';
export type { PluginTree } from './repair/plugin-tree.ts';
export type { ToolComparison } from './repair/compare-repaired.ts';
export { REPAIR_PROPOSAL_SCHEMA, type RepairProposal } from './repair/proposal.ts';
export {
  packProposal,
  readProposal,
  writeProposal,
  type ProposalPlace,
  type ReadProposal,
} from './repair/proposal-folder.ts';
