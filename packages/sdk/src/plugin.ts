/**
 * The object style: a plugin is what its main module exports as default, and `definePlugin` only gives it a type.
 */
import type { HealthReport, HookName, JsonObject } from '@bulkhead/protocol';
import type { HookContext, PluginContext } from './context.ts';
import type { PromptDefinition, ResourceDefinition } from './offers.ts';
import type { ToolDefinition } from './tool.ts';

/**
 * Sees the data of one hook; returns it, changed or not (undefined: unchanged). Throwing reports an error.
 *
 * @public
 */
export type HookHandler = (
  data: JsonObject,
  context: HookContext,
) => JsonObject | undefined | void | Promise<JsonObject | undefined | void>;

/**
 * What `definePlugin` takes; a plain default-exported object of this shape is a plugin without any import.
 *
 * @public
 */
export interface Plugin {
  readonly tools?: readonly ToolDefinition[];
  /** What clients may read. */
  readonly resources?: readonly ResourceDefinition[];
  /** What people may begin a conversation with. */
  readonly prompts?: readonly PromptDefinition[];
  /** By the hook's wire name; each is listed under `hooks` in plugin.json too. */
  readonly hooks?: { readonly [Hook in HookName]?: HookHandler };
  /** Runs once before the first call. Throwing, or answering false, makes the plugin `FAILED`. */
  onLoad?(context: PluginContext): unknown;
  /** Runs once before the instance ends in good order; it has 2 s. */
  onUnload?(): unknown;
  healthCheck?(): HealthReport | Promise<HealthReport>;
}

/**
 * Returns its argument, typed (DESIGN 8).
 *
 * @public
 */
export function definePlugin<const P extends Plugin>(plugin: P): P {
  return plugin;
}
