/**
 * Finds which of a plugin's records are meant, and makes those that are not there yet, within bounds: the oldest that is idle gives way.
 */
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { createEntry, createScopeRecord, type Entry, type PluginRecord, type ScopeRecord } from './records.ts';
import type { Subject } from './running-call.ts';

/** The entry that is meant, with its plugin. */
export type Where = { readonly plugin: PluginRecord; readonly entry: Entry };

/** Scopes kept for one plugin; beyond it the oldest idle one goes and its counters join the base. */
const SCOPES_MAX = 10_000;
/** Releases kept for one scope: the live one, and those that drain. */
const ENTRIES_MAX = 4;

/** Without a scope: the base, and what every scope runs of the release; with one, that scope's own entry. */
export function entriesOf(plugin: PluginRecord, subject: Subject): readonly Entry[] {
  if (subject.scope !== undefined) return [entryMeant(plugin, subject).entry];
  const entries = [...plugin.scopes.values()].flatMap((home) => [...home.entries.values()]);
  return [plugin.base, ...entries.filter((entry) => subject.digest === undefined || entry.digest === subject.digest)];
}

/** The one entry of a subject: of the default tenant and of the plugin's current release where it does not say. */
export function entryMeant(plugin: PluginRecord, subject: Subject): Where {
  return { plugin, entry: entryOf(plugin, subject.scope ?? DEFAULT_TENANT, subject.digest ?? plugin.digest) };
}

/** The entry of a release for a scope; a new one stands where the base stands. O(1). */
export function entryOf(plugin: PluginRecord, scope: string, digest: string): Entry {
  const home = scopeOf(plugin, scope);
  const known = home.entries.get(digest);
  if (known !== undefined) return known;
  if (home.entries.size >= ENTRIES_MAX) dropIdleEntry(home);
  const entry = createEntry(home, digest, plugin.base);
  home.entries.set(digest, entry);
  return entry;
}

/** The record of a scope. O(1). */
export function scopeOf(plugin: PluginRecord, scope: string): ScopeRecord {
  const known = plugin.scopes.get(scope);
  if (known !== undefined) return known;
  if (plugin.scopes.size >= SCOPES_MAX) dropIdleScope(plugin);
  const home = createScopeRecord(scope);
  plugin.scopes.set(scope, home);
  return home;
}

/** Forgets a release of a scope that has no call in flight. */
function dropIdleEntry(home: ScopeRecord): void {
  const idle = [...home.entries.values()].find((entry) => entry.lifecycle.callsInFlight === 0);
  if (idle !== undefined) home.entries.delete(idle.digest);
}

/** Forgets a scope that has no call in flight; its counters join the base. */
function dropIdleScope(plugin: PluginRecord): void {
  for (const home of plugin.scopes.values()) {
    if ([...home.entries.values()].some((entry) => entry.lifecycle.callsInFlight > 0)) continue;
    plugin.base.home.successCount += home.successCount;
    plugin.base.home.errorCount += home.errorCount;
    plugin.scopes.delete(home.scope);
    return;
  }
}
