/**
 * Public surface of the SDK: what a plugin's author imports. It holds no machinery; a plugin works without it, too.
 */
export type {
  HealthReport,
  HealthStatus,
  HookName,
  JsonObject,
  JsonPrimitive,
  JsonValue,
  MemoryArtifact,
  MemorySummary,
} from '@bulkhead/protocol';
export { BasePlugin } from './base-plugin.ts';
export { BaseToolPlugin } from './base-tool-plugin.ts';
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
export type { FromJsonSchema } from './json-schema.ts';
export { createLock } from './lock.ts';
export type { PluginMetadataFields } from './metadata.ts';
export { PluginMetadata } from './metadata.ts';
export type { HookHandler, Plugin } from './plugin.ts';
export { definePlugin } from './plugin.ts';
export { PluginHook } from './plugin-hook.ts';
export type { StandardJsonSchema, StandardResult, StandardSchema } from './standard-schema.ts';
export type { ParamsOf, ToolDefinition, ToolDescription, ToolSchema } from './tool.ts';
export { defineTool } from './tool.ts';
export { ToolResult } from './tool-result.ts';
