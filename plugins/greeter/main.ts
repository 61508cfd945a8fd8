/**
 * The greeter's life: the functions style, complete. None of the four functions throws; what goes wrong is logged, and
 * the answer is false or empty (F004-9 to F004-12). The tools are plain functions too, named in plugin.json.
 */
import type { HealthReport, JsonObject, PluginContext } from '@bulkhead/sdk';
import { guestBook } from './guest-book.ts';
import { readSettings } from './settings.ts';
import manifest from './plugin.json' with { type: 'json' };

/** Checks the configuration and opens the guest book; answers false where the configuration makes no sense. */
export function initPlugin(context: PluginContext): boolean {
  try {
    const { intervalMs } = readSettings(context.config);
    guestBook.open();
    context.logger.info('the guest book is open', { interval_ms: intervalMs });
    return true;
  } catch (error) {
    context.logger.error(`the greeter does not start: ${String(error)}`);
    return false;
  }
}

/** What plugin.json says; it is part of the bundle, so it cannot be missing when the plugin runs. */
export function getMetadata(): JsonObject {
  const { name, version, description, author, dependencies, capabilities } = manifest;
  return { name, version, description, author, dependencies, capabilities };
}

/** The configuration that plugin.json gives by default (F004-14); what a tenant has set is in the context. */
export function getConfig(): JsonObject {
  return manifest.config;
}

/** Closes the guest book; answers whether there was one to close. */
export function cleanup(): boolean {
  return guestBook.close();
}

/** Healthy while the guest book is open. */
export function healthCheck(): HealthReport {
  const metrics = { guests: guestBook.count() };
  return guestBook.isOpen()
    ? { status: 'healthy', message: 'The guest book is open.', metrics }
    : { status: 'error', message: 'The guest book is closed.', metrics };
}
