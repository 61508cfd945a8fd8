/**
 * The log of a plugin as a tenant reads it: what the plugin said for it, what went wrong there, and its transitions. What
 * concerns every tenant is in it, too; another tenant's is not.
 */
import { randomUUID } from 'node:crypto';
import type { CallError } from '@bulkhead/protocol';
import { isoTime } from '../base/clock.ts';
import type { PluginLogLine, PluginLogs } from '../debug-api.ts';
import type { Journal, JournalLine, JournalOf } from '../journal/journal.ts';
import type { Transition } from '../registry/history.ts';
import { withoutPlace } from '../registry/reason.ts';
import { PLATFORM_SCOPE } from '../registry/records.ts';
import type { Registry } from '../registry/registry.ts';
import { SHARED_SCOPE } from '../sandbox/sandbox.ts';

/** Where lines are, and where the folders are that only the platform is told of. */
export type PluginLogsOptions = { readonly journal: Journal; readonly registry: Pick<Registry, 'placeOf'> };

/** Makes the part of the embedding API that reads logs. */
export function createPluginLogs({ journal, registry }: PluginLogsOptions): PluginLogs {
  // Numbers begin anew with each host; a number of another one says nothing here.
  const generation = randomUUID().slice(0, 8);
  const cursorOf = (number: number): string => `${generation}.${number}`;

  return {
    read: (plugin, { tenant, after, linesMax, isPlatform = false }) => {
      const known = after === undefined ? undefined : numberOf(after, generation);
      const from = after === undefined ? undefined : (known ?? 0);
      const page = journal.read(plugin, scopesOf(tenant, isPlatform), { after: from, linesMax });
      const place = isPlatform ? undefined : registry.placeOf(plugin);
      return {
        lines: page.lines.map((line) => toWire(line, cursorOf(line.number), place)),
        next: cursorOf(page.next),
        has_gap: page.hasGap || from !== known,
      };
    },
    watch: (plugin, { tenant, isPlatform = false }, didAdd) =>
      journal.watch(plugin, scopesOf(tenant, isPlatform), didAdd),
  };
}

/** What an instance says that serves every tenant may be of any of them, so it is for none. */
function scopesOf(tenant: string, isPlatform: boolean): readonly string[] {
  return isPlatform ? [PLATFORM_SCOPE, tenant, SHARED_SCOPE] : [PLATFORM_SCOPE, tenant];
}

/** Tells the journal of a change of state; that a call began is no news. */
export function tellTransition(journal: Pick<Journal, 'add'>, transition: Transition): void {
  const { plugin, scope, from, to, reason } = transition;
  if (to === 'RUNNING') return;
  const isBad = to === 'FAILED' || to === 'UNAVAILABLE';
  const text = `${from} -> ${to}${reason === null ? '' : `: ${reason}`}`;
  journal.add({ plugin, scope }, { source: 'state', level: isBad ? 'error' : 'info', text });
}

/** Tells the journal of an instance that ended by a fault, or never began to serve. */
export function tellEnd(
  journal: Pick<Journal, 'add'>,
  of: JournalOf,
  { error, instanceId }: { readonly error: CallError; readonly instanceId?: string },
): void {
  const what = instanceId === undefined ? 'an instance could not start' : 'an instance ended';
  const text = `${what}: ${error.code}: ${error.message}`;
  journal.add(of, { source: 'host', level: 'error', text, ...(instanceId !== undefined && { instanceId }) });
}

/** The number that a cursor of this generation names. */
function numberOf(cursor: string, generation: string): number | undefined {
  const [, of, number] = /^([0-9a-f]{8})\.(\d{1,15})$/.exec(cursor) ?? [];
  return of === generation ? Number(number) : undefined;
}

function toWire(line: JournalLine, cursor: string, place: string | undefined): PluginLogLine {
  const { at, source, level, text, fields = null, instanceId = null, callId = null } = line;
  const shown = source === 'state' ? withoutPlace(text, place) : text;
  return { cursor, at: isoTime(at), source, level, text: shown, fields, instance_id: instanceId, call_id: callId };
}
