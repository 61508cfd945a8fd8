/**
 * Public surface of the SDK: what a plugin's author imports. It holds no machinery; a plugin works without it, too.
 */
export type {
  ChatMessage,
  ChatTool,
  ChatToolCall,
  CommandRun,
  CommandStop,
  GeneratedPiece,
  GeneratedText,
  GenerateOptions,
  ContentAnnotations,
  ContentBlock,
  ContentBytes,
  EntryMetadata,
  ExecutionResult,
  HealthReport,
  HealthStatus,
  HookName,
  JsonObject,
  JsonPrimitive,
  JsonValue,
  MemoryArtifact,
  MemorySummary,
  MonitorAlert,
  MonitorContext,
  MonitorRecord,
  MonitorSummary,
  PluginEvent,
  PromptMessage,
  ResourceContents,
  ResultStatus,
  Task,
  TokenUsage,
  ToolContent,
} from '@bulkhead/protocol';
export { BasePlugin } from './base-plugin.ts';
export { BaseToolPlugin } from './base-tool-plugin.ts';
export type { Client, ElicitAnswer, ElicitRequest, SampleAnswer, SampleMessage, SampleRequest } from './client.ts';
export type { CommandRequest, CommandResult, RunCommand } from './commands.ts';
export type {
  CallTool,
  HookContext,
  Logger,
  LogLevel,
  Memory,
  MemoryFacts,
  MemoryWanted,
  PluginContext,
  ToolContext,
} from './context.ts';
export type { EventHandler, Events } from './events.ts';
export { Executor } from './executor.ts';
export type { FromJsonSchema } from './json-schema.ts';
export type { Generated } from './llm-backend.ts';
export { LLMBackend, ProviderError } from './llm-backend.ts';
export type { LanguageModel } from './language-model.ts';
export { createLock } from './lock.ts';
export type { PluginMetadataFields } from './metadata.ts';
export { PluginMetadata } from './metadata.ts';
export { Monitor } from './monitor.ts';
export type { Island, Program, ProgramDatabase } from './parent-selector.ts';
export { ParentSelector } from './parent-selector.ts';
export type {
  Complete,
  PromptAnswer,
  PromptArgument,
  PromptDefinition,
  ResourceAnswer,
  ResourceDefinition,
} from './offers.ts';
export { definePrompt, defineResource } from './offers.ts';
export type { HookHandler, Plugin } from './plugin.ts';
export { definePlugin } from './plugin.ts';
export { PluginHook } from './plugin-hook.ts';
export { Result } from './result.ts';
export type { StandardJsonSchema, StandardResult, StandardSchema } from './standard-schema.ts';
export { TaskHandler, TaskKind } from './task-handler.ts';
export type { Resources, Thread, Threads, ThreadScope, ThreadState } from './threads.ts';
export type { ParamsOf, ToolDefinition, ToolDescription, ToolSchema } from './tool.ts';
export { defineTool } from './tool.ts';
export { ToolResult } from './tool-result.ts';
export type { InputCheck } from './validate-input.ts';
export { validateInput } from './validate-input.ts';
