/**
 * Public surface of the host: what an embedder, the server and the command line use.
 */
export { listedName, shortenedName } from './base/listed-name.ts';
export type { StartTimer } from './base/timer.ts';
export type { HookRule } from './hooks/declared-hook.ts';
export type { DebugHost, DebugHostOptions } from './debug-host.ts';
export { createDebugHost } from './debug-host.ts';
export type { Inspector } from './debug/inspector.ts';
export { createHost } from './host.ts';
export { checkPlugin, type CheckOptions, type CheckReport } from './check.ts';
export {
  deriveMcpManifest,
  findMachineCommand,
  installMcpPackage,
  type McpPlugin,
  type McpManifest,
  type McpStart,
} from './mcp-plugin.ts';
export { deriveRemoteMcpPlugin, type DerivedMcpPlugin, type RemoteMcpPlugin } from './remote-mcp-plugin.ts';
export type { RefusedAttempt } from './refusals/refusals.ts';
export type { Mended } from './mend.ts';
export { ALLOWED_LICENSES, isAllowedLicense } from './review/judge-licenses.ts';
export { reviewRules, type ReviewRule } from './review/rules.ts';
export { packPlugin, type PackOptions, type PackedPlugin } from './pack.ts';
export { signFile, verifyFile, type SigningOptions, type VerifiedArchive, type VerifyingOptions } from './sign.ts';
export {
  addToIndex,
  blockInIndex,
  buildIndex,
  unblockInIndex,
  type KeepingIndex,
  type KeptIndex,
} from './plugin-index/keep-index.ts';
export { searchIndex, type BlockTarget, type FoundPlugin, type IndexQuery } from './plugin-index/index-contents.ts';
export type { IndexSigning } from './plugin-index/sealed-index.ts';
export {
  fetchFromIndex,
  fetchFromIndexes,
  readIndex,
  verifyIndex,
  type IndexSource,
  type IndexedFrom,
  type IndexedUpload,
  type ReadIndex,
  type ReadingIndex,
  type VerifiedIndex,
} from './plugin-index/read-index.ts';
export type { CassetteOptions } from './egress/cassette.ts';
export { fetchNpmPackage, isNpmSpec, type NpmPackage } from './npm/fetch-package.ts';
export { UNSIGNED_POLICIES, type UnsignedPolicy } from './install/judge-signature.ts';
export { signArchive, type Envelope, type Statement } from './signing/signature.ts';
export { createKeyPair, isPublicKey, type KeyPair } from './signing/signed-statement.ts';
export { SIGNATURE_ENDING, isArchiveFile, readArchiveFile, type ArchiveFile } from './source/archive-file.ts';
export type { CallClient, CallLine, Chunk, ClientAsk } from './sandbox/sandbox.ts';
export type { CompletedOf, OfferRequest, Offers } from './offers-api.ts';
export type { ResourceUpdate } from './services/offers.ts';
export type { CallRequest, CallStream, EntryRequest, SandboxedFunction, StreamRequest } from './calls-api.ts';
export type {
  ChangeOptions,
  DisableOptions,
  RegistrationOptions,
  Registrations,
  RollbackOptions,
  UpgradeOptions,
  ViewOptions,
} from './registrations-api.ts';
export type { Host, InstallOptions, InstalledRelease, Upload } from './host-api.ts';
export type { HostOptions } from './host-options.ts';
export type {
  PluginDebug,
  PluginInstance,
  PluginLogLine,
  PluginLogPage,
  PluginLogs,
  PluginThread,
} from './debug-api.ts';
export type {
  FileHarness,
  Harness,
  HarnessCall,
  HarnessFunctionCall,
  HarnessLimits,
  HarnessOptions,
  HarnessToolCall,
  ReleaseHarness,
} from './harness-api.ts';
export type {
  Comparison,
  FailureCount,
  GatePlan,
  JudgeClock,
  LiveCounts,
  LiveVerdict,
  MirroredCall,
  PairCounts,
  ReleaseJudge,
  ReleaseTrial,
  Shadow,
  ShadowPair,
} from './gate-api.ts';
export type { Release } from './catalogue/releases.ts';
export type { ComparedWithCurrent, ReleaseList } from './moves/list-releases.ts';
export type { RolloutRequest } from './moves/rollout.ts';
export type { MoveGate } from './moves/upgrade.ts';
export type { GuardPolicy } from './install/install-path.ts';
export type { Gate, GatedMove } from './gate/gate.ts';
export type { GateOptions, ShadowOptions } from './gate/gate-plan.ts';
export { openDataDirectory, toDataFault } from './data/data-directory.ts';
export type { DataLock } from './data/data-lock.ts';
export { holdDataDirectory } from './host/hold-data-directory.ts';
export { isProvedDead, ownIdentity, parseIdentity, type ProcessIdentity } from './sandbox/process/process-table.ts';
export type { Tenants, TenantSettings } from './catalogue/tenants.ts';
export { createAuditLog, type AuditLine, type AuditLog } from './storage/audit-log.ts';
export type { Rotation } from './catalogue/rotate-secrets.ts';
export type { NewSecret, SecretEntry, SecretOptions, Secrets } from './catalogue/secrets.ts';
export { rotateStoredSecrets, type SecretsKeys } from './host/open-secrets.ts';
export type { IssuedToken, NewToken, Tokens } from './catalogue/tokens.ts';
export { HostError, type ConsentDetails, type HostErrorOptions } from './base/host-error.ts';
export type { Log } from './base/log.ts';
export type { NodeView, Nodes } from './nodes/nodes.ts';
export type { HealthView, LastHealth } from './registry/health.ts';
export { getRegistry, type Refusal, type Registry } from './registry/registry.ts';
export { createMemoryStorage } from './storage/memory.ts';
export type {
  AuditedResult,
  LeaseAnswer,
  NewTask,
  QueuedTask,
  TaskBacklog,
  TaskClaim,
  TaskLease,
  TaskQuery,
  TaskQueue,
  TaskState,
  DeadTasks,
  TaskActor,
  TaskTotals,
} from './tasks/task-queue.ts';
export { insistOnOpenTask, openTasksMax } from './tasks/open-tasks.ts';
export { cancelEntry, retryEntries, type NamedTask } from './tasks/task-deeds.ts';
export { whyQueued } from './tasks/why-queued.ts';
export { retryWaitMs } from './tasks/retry-wait.ts';
export { TASK_QUEUE_BOUNDS } from './tasks/task-queue.ts';
export { assertGivenTask } from './tasks/check-given-task.ts';
export { assertNewTasks, tooManySets } from './tasks/check-new-tasks.ts';
export {
  CAPABILITY_TAG_PATTERN,
  CAPABILITY_TAGS,
  isCapabilityTag,
  missingTags,
  requiresKey,
  withImpliedTags,
} from './tasks/capability-tags.ts';
export type { HandlerMatch, HandlerOffer, HandlerRefusal } from './tasks/match-handler.ts';
export { couldHandle, matchHandler, orderHandlers } from './tasks/match-handler.ts';
export type { MemoryTaskQueueOptions } from './tasks/memory-queue.ts';
export { createMemoryTaskQueue } from './tasks/memory-queue.ts';
export type { QueueSeries } from './tasks/queue-series.ts';
export { createQueueSeries } from './tasks/queue-series.ts';
export type { Tending, TendingOptions } from './tasks/tend-queue.ts';
export { tendQueue } from './tasks/tend-queue.ts';
export type {
  AuditEntry,
  AuditPage,
  AuditQuery,
  AuditRow,
  CatalogueChange,
  CatalogueRows,
  CatalogueStep,
  CatalogueStorage,
  CatalogueWrite,
  Committed,
  LeftOut,
  MoveKind,
  MoveRow,
  Quota,
  RegistrationRow,
  ReleaseRow,
  Role,
  RecordingRow,
  RolloutRow,
  RolloutState,
  StoredRegistration,
  StoredRollout,
  TenantRow,
  TokenRow,
} from './storage/catalogue-port.ts';
export { AUDIT_ORIGIN, chainAudit, followAudit, type AuditFault } from './storage/audit-chain.ts';
export type { ArtifactRow, ArtifactStorage } from './storage/artifact-port.ts';
export type { EventPage, EventQuery, EventRow, EventStorage } from './storage/events-port.ts';
export type { IndexStorage, SeenIndex } from './storage/index-port.ts';
export type { NodePlugin, NodeReport, NodeRow, NodeStorage } from './storage/nodes-port.ts';
export type { AuditHead, AuditVerdict } from './storage/verify-audit.ts';
export type { BackendRule, LlmBackend, TokenPrice } from './llm/backends.ts';
export type { LlmPiece } from './llm/generated.ts';
export type { LanguageModels, LlmOutcome, LlmReport, LlmRequest } from './llm/llm.ts';
export type { AgentBegin, AgentRequest, AgentResumption, AgentRunPage, Agents } from './agents/agents.ts';
export type { AgentEnd, AgentStepTold, JudgedThought, RunningAgent } from './agents/running-agent.ts';
export type { AgentRunQuery, AgentRunRow, AgentStorage } from './storage/agents-port.ts';
export {
  EVALUATION_STATES,
  isEvaluationEnd,
  nextEvaluationState,
  type EvaluationEnd,
  type EvaluationEvent,
  type EvaluationState,
} from './evaluations/evaluation-state.ts';
export type { EvaluationPage, EvaluationRequest, Evaluations, EvaluationStep } from './evaluations/evaluations.ts';
export type {
  Evaluation,
  EvaluationChange,
  EvaluationKind,
  EvaluationProgress,
  EvaluationQuery,
  EvaluationStorage,
  EvaluationWithReport,
} from './storage/evaluations-port.ts';
export type { RecordingChange } from './catalogue/recordings.ts';
export type { RecordingOptions, Recordings, RecordingsWanted } from './recordings-api.ts';
export type {
  RecordedCall,
  RecordingCount,
  RecordingOwner,
  RecordingQuery,
  RecordingStorage,
} from './storage/recordings-port.ts';
export type { Meter, UsageQuery, UsageRow, UsageStorage } from './storage/usage-port.ts';
export type { MemoryOwner, MemoryQuery, MemoryStorage, StoredMemory } from './storage/memory-port.ts';
export type { Storage } from './storage/port.ts';
export type { SealedSecret, SealedText, SecretName, SecretRow, SecretStorage } from './storage/secrets-port.ts';
export { toStepChanges } from './storage/step-changes.ts';
export type { Transition } from './registry/history.ts';
export type {
  CallCount,
  CallCountQuery,
  KeyAnswer,
  KeyClaim,
  LedgerRow,
  RecordStorage,
  Retention,
  RowQuery,
  TrialKey,
  TrialRow,
  UnsettledKey,
} from './storage/records-port.ts';
