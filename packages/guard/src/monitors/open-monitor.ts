/**
 * Opens the monitor of a specification: one of ours, a plugin's, or a file's.
 */
import type { Host } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import type { Monitor } from './monitor.ts';
import { parseMonitorSpec } from './monitor-spec.ts';
import { createPluginMonitor } from './plugin-monitor.ts';
import { createSandboxedMonitor } from './sandboxed-monitor.ts';

/**
 * What monitors that are not ours run on.
 *
 * @public
 */
export type MonitorParts = {
  readonly host: Pick<Host, 'callEntry' | 'entries' | 'openHarness'>;
  readonly tenant?: string;
};

/**
 * Opens `plugin:NAME/ENTRY` in the plugin's guest, `file:PATH,option=value` in a guest of its own, and anything else as
 * {@link parseMonitorSpec} reads it. Options of a file are given to its `start`, numbers as numbers; those of a plugin's are its
 * configuration.
 *
 * @returns A monitor; a file's has a guest that whoever opened it ends by disposing it.
 * @throws {GuardError} `MONITOR_INVALID`.
 * @see F002-20, F002-29, X002-10, X002-11.
 * @public
 */
export async function openMonitor(
  spec: string,
  { host, tenant }: MonitorParts,
): Promise<Monitor & Partial<AsyncDisposable>> {
  const [kind = '', ...rest] = spec.split(':');
  const text = rest.join(':');
  switch (kind.trim().toLowerCase()) {
    case 'plugin':
      return createPluginMonitor({ host, ...pluginOf(text), ...(tenant !== undefined && { tenant }) });
    case 'file': {
      const [file = '', ...options] = text.split(',');
      if (file === '') throw invalid('a monitor of a file has no path; expected file:PATH');
      return createSandboxedMonitor({ host, file, options: optionsOf(options) });
    }
    default:
      return parseMonitorSpec(spec);
  }
}

function pluginOf(text: string): { readonly plugin: string; readonly entry: string } {
  const [name = '', ...options] = text.split(',');
  const [plugin = '', entry = '', ...more] = name.split('/');
  if (plugin === '' || entry === '' || more.length > 0)
    throw invalid(`"${name}" names no monitor of a plugin; expected plugin:NAME/ENTRY`);
  if (options.length > 0)
    throw invalid(
      `monitor "${name}" was given ${JSON.stringify(options.join(','))}; a plugin's monitor is made with the plugin's configuration: set it there`,
    );
  return { plugin, entry };
}

function optionsOf(parts: readonly string[]): JsonObject {
  const pairs = parts.map((part): [string, string | number] => {
    const at = part.indexOf('=');
    if (at < 1) throw invalid(`option ${JSON.stringify(part)} has no value; expected name=value`);
    const text = part.slice(at + 1).trim();
    return [part.slice(0, at).trim(), text !== '' && Number.isFinite(Number(text)) ? Number(text) : text];
  });
  return Object.fromEntries(pairs);
}

function invalid(message: string): GuardError {
  return new GuardError('MONITOR_INVALID', message);
}
