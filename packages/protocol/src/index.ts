/**
 * Public surface of the protocol: words that cross a wall. No I/O, no clock, no randomness.
 */
export type {
  AgentApproval,
  AgentBudget,
  AgentRun,
  AgentRunStatus,
  AgentStep,
  AgentStopReason,
  AgentToolCall,
  ApprovalDecision,
} from './agent.ts';
export { AGENT_RUN_STATUSES } from './agent.ts';
export { ALLOWED_BUILTINS, TEMP_DIR_BUILTINS, isAllowedBuiltin } from './builtins.ts';
export { canonicalJson } from './canonical-json.ts';
export type { ContractId, ContractOutcome, ContractTest } from './contract-tests.ts';
export { contractTests } from './contract-tests.ts';
export type { CallError, CallReport, LimitReached, Outcome, OutcomeKind } from './outcome.ts';
export { OUTCOME_KINDS, exitCodeOf, unrunReport } from './outcome.ts';
export type {
  EntryMetadata,
  ExecutionResult,
  MonitorAlert,
  MonitorContext,
  MonitorRecord,
  MonitorSummary,
} from './evaluation.ts';
export type { ErrorSpecifics } from './call-error.ts';
export { callError, httpStatusOf, isErrorCode } from './call-error.ts';
export type { ErrorAudience, ErrorRow } from './error-rows.ts';
export type { ErrorCode } from './errors.ts';
export { ERRORS } from './errors.ts';
export type { Finding, FindingSeverity } from './finding.ts';
export { hasErrors } from './finding.ts';
export type { FrameBatch, FrameDecoder, FrameDecoderOptions, FrameFault, FrameKind } from './frames.ts';
export {
  FRAME_HEADER_BYTES,
  FRAME_JSON,
  FRAME_RAW,
  createFrameBatch,
  createFrameDecoder,
  encodeJsonFrame,
  encodeRawFrame,
  encodeChunkFrame,
  readChunkFrame,
  type ChunkForm,
  type ChunkFrame,
} from './frames.ts';
export type { HealthReport, HealthStatus } from './health.ts';
export { HEALTH_NOT_IMPLEMENTED, HEALTH_STATUSES, isHealthReport, parseHealthReport } from './health.ts';
export type { ListedEntry, ObjectGroup, WireEntry } from './entry-points.ts';
export { ENTRY_POINT_METHODS, entryTarget, entryTargets, parseObjectGroup } from './entry-points.ts';
export type { ErrorBody, PluginHealth, ToolCallBody } from './http.ts';
export type {
  ListedPrompt,
  ListedResource,
  OfferMethod,
  WireArgument,
  WireOffers,
  WirePrompt,
  WireResource,
} from './offers.ts';
export { offerTarget, offerTargets } from './offers.ts';
export type {
  ContentAnnotations,
  ContentBlock,
  ContentBytes,
  PromptMessage,
  ResourceContents,
  ToolContent,
} from './content.ts';
export {
  COMPLETION_RESULT_SCHEMA,
  PROMPT_RESULT_SCHEMA,
  RESOURCE_RESULT_SCHEMA,
  TOOL_CONTENT_SCHEMA,
} from './content.ts';
export { matchTemplate, templateVariables } from './uri-template.ts';
export { createIdTable, type IdTable } from './id-table.ts';
export type { Digest, PluginName, TenantId, ToolName, Version } from './ids.ts';
export {
  CAPABILITY_PATTERN,
  DEFAULT_TENANT,
  PLUGIN_NAME_PATTERN,
  TOOL_NAME_PATTERN,
  VERSION_PATTERN,
  parseDigest,
  parsePluginName,
  parseTenantId,
  parseToolName,
  parseVersion,
} from './ids.ts';
export type { JsonBounds, JsonFault, JsonObject, JsonPrimitive, JsonValue } from './json.ts';
export { inspectJson, isJsonObject } from './json.ts';
export type { Limit } from './limit.ts';
export type { GuestLimits, LimitName } from './limits.ts';
export { LIMITS, LIMIT_PROFILES } from './limits.ts';
export type { Manifest, ManifestResult, PluginDependency, Requirements, SandboxScope } from './manifest.ts';
export { askedPermissions, parseManifest } from './manifest.ts';
export { manifestPath } from './manifest-findings.ts';
export { knownFields } from './manifest-shape.ts';
export type { FailurePolicy, HookMode, HookName, HookOptions } from './hooks.ts';
export { FAILURE_POLICIES, HOOK_MODES, HOOK_NAMES } from './hooks.ts';
export type { ManifestSource } from './manifest-schema.ts';
export type { EntryPointGroup } from './entry-point-groups.ts';
export { ENTRY_POINT_GROUPS } from './entry-point-groups.ts';
export { ManifestSchema } from './manifest-schema.ts';
export { isHostPort } from './host-port.ts';
export { secretsIn } from './manifest-driver.ts';
export type { McpServer, PinnedTool } from './mcp-tool.ts';
export { parseMcpTool, toolNamesOf, toolsDiffer, wireToolOf } from './mcp-tool.ts';
export type {
  BindKind,
  BindMessage,
  CallMessage,
  CallTarget,
  EventMessage,
  GuestError,
  GuestMessage,
  GuestReady,
  HostMessage,
  LogLevel,
  Progress,
} from './messages.ts';
export { PROTOCOL_VERSION, parseGuestMessage } from './messages.ts';
export type { PermissionKind } from './permissions.ts';
export { HOST_CAPABILITIES, capabilitiesOf, envNameOf, permissionKindOf, scopesOf } from './permissions.ts';
export type { Layer, Receipt, Tier } from './receipt.ts';
export type {
  IndexDecision,
  IndexedBlock,
  IndexedPlugin,
  IndexedReview,
  IndexedSignature,
  IndexedVersion,
  PluginIndex,
  PluginIndexResult,
} from './plugin-index.ts';
export { INDEX_FILE_PATTERN, parsePluginIndex } from './plugin-index.ts';
export { parseIndexWanted, type IndexWanted } from './index-wanted.ts';
export type {
  ConsentAsked,
  Dependency,
  IndexOrigin,
  ReleaseDifferences,
  ReleaseOrigin,
  Signer,
  ToolChange,
  ValueChange,
  WordChanges,
} from './release.ts';
export type { CommandAnswer, CommandRun, CommandStop } from './command.ts';
export { TIERS, isTierAtLeast, parseTier, strongestTier } from './receipt.ts';
export { REDACTED, isSecretName, redactJson, redactText } from './redaction.ts';
export type {
  ChatMessage,
  ChatTool,
  ChatToolCall,
  GeneratedPiece,
  GeneratedText,
  GenerateOptions,
  TokenUsage,
} from './llm.ts';
export type {
  MemoryArtifact,
  MemorySummary,
  PluginEvent,
  ServiceAnswer,
  ServiceAsk,
  ServiceError,
} from './services.ts';
export type { BreakerState, HealthWord, LifecycleState } from './state.ts';
export { BREAKER_STATES, HEALTH_WORDS, LIFECYCLE_STATES } from './state.ts';
export type { Result, ResultStatus, Task, TaskKind } from './task.ts';
export { RESULT_STATUSES, TASK_KINDS, TASK_SCHEMA_VERSION } from './task.ts';
export type { InvalidTask, NewerTask, NewTaskFields, ParsedResult, TaskResult, TaskSource } from './parse-task.ts';
export { createTask, newerTaskResult, parseResult, parseTask } from './parse-task.ts';
export { ResultSchema, TASK_BOUNDS, TASK_TAG_PATTERN, TaskSchema } from './task-schema.ts';
export type { ListedTool, WireTool } from './tool.ts';
