/**
 * The class style. A plugin's main exports a subclass (or an instance of one) as default; the guest constructs it.
 */
import type { HealthReport, JsonObject } from '@bulkhead/protocol';
import type { PluginContext } from './context.ts';
import type { PluginMetadata } from './metadata.ts';
import type { PluginHook } from './plugin-hook.ts';

/**
 * What every class-style plugin is (F003-1 to F003-5). It lives in the sandbox, once per instance.
 *
 * @public
 */
export abstract class BasePlugin {
  abstract readonly metadata: PluginMetadata;

  /** Acquires what the plugin needs, once, before the first call; throwing makes the plugin `FAILED` (F003-18). */
  async onLoad(_context: PluginContext): Promise<void> {}

  /** Releases it, once, before the instance ends in good order; it has 2 s (F003-20). */
  async onUnload(): Promise<void> {}

  /** Sees the data of a hook that plugin.json lists, and returns it, changed or not. Passes it through by default. */
  async handleHook(_hook: PluginHook, data: JsonObject): Promise<JsonObject> {
    return data;
  }

  /** Says how the plugin is. Where it is not implemented, the host says `unknown` (X004-2). */
  healthCheck?(): HealthReport | Promise<HealthReport>;
}
