/**
 * `bulkhead debug NAME`: what a server knows of a plugin for a tenant, without asking the plugin. `bulkhead debug DIR`, which is
 * told from a name by its form or its plugin.json, attaches a debugger to a folder's plugin, without a server.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PluginDebug, PluginInstance, PluginThread } from '@bulkhead/host';
import { Option, type Command } from 'commander';
import { logLines } from '../log-lines.ts';
import { askAdmin } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import { asksForTenant, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines, type Cell } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { pluginPath } from './plugins.ts';

/** Adds `debug`. */
export function addDebug({ program, terminal, exit }: VerbContext): void {
  const debug = program.command('debug');
  asksForTenant(debug)
    .description('Debug a plugin folder, breakpoints and all; or look into a plugin of a running server')
    .argument('<dir|name>', 'plugin folder, or name of a plugin of a running server')
    .addOption(folderOption('--port <n>', 'port of the debugger on 127.0.0.1; a free one is picked by default', Number))
    .addOption(folderOption('--grant <perm,...>', 'grant permissions to the plugin; repeatable', collect))
    .addHelpText('after', HELP)
    .action(async (name: string, options: ServerOptions & FolderOptions) => {
      if (isFolder(name)) {
        const { debugFolder } = await import('./debug-folder.ts');
        return exit(await debugFolder({ dir: name, ...options }, terminal));
      }
      refuseFolderOptions(debug, name);
      const remote = await openRemote(options, process.env);
      const { value } = await askAdmin<PluginDebug>(remote, { path: pluginPath(name, '/debug') });
      print({ terminal, options }, value, show);
    });
}

const HELP = `${examples([
  'bulkhead debug ./weather',
  'bulkhead debug weather',
  'bulkhead debug weather --tenant acme --json',
])}

A name with "/" or "." in it is a folder, and so is one that holds a plugin.json. Of a folder one guest runs in the sandbox with an
inspector, which is not how it runs in production, and time limits are a day. Of a plugin of a server it shows instances, memory,
last errors and last calls, and asks the plugin nothing.`;

type FolderOptions = { readonly port?: number; readonly grant?: readonly string[] };

function folderOption<Value>(
  flags: string,
  about: string,
  parse: (text: string, before: Value | undefined) => Value,
): Option {
  return new Option(flags, about).helpGroup('Of a folder:').argParser<Value>(parse);
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function isFolder(where: string): boolean {
  return /[./\\]/.test(where) || existsSync(join(where, 'plugin.json'));
}

function refuseFolderOptions(debug: Command, name: string): void {
  const given = ['port', 'grant'].find((option) => debug.getOptionValue(option) !== undefined);
  if (given === undefined) return;
  throw new UsageError(
    `--${given} is of a folder, and ${name} is a plugin of a running server`,
    `Write ./${name} for the folder.`,
  );
}

function show(known: PluginDebug, terminal: Terminal): void {
  const { result, colors } = terminal;
  showStatus(known, terminal);
  section('threads', threadLines(known.threads, terminal), terminal);
  section('instances', instanceLines(known.instances, terminal), terminal);
  section(
    'last errors',
    known.error_log.flatMap((line) => logLines(line, colors)),
    terminal,
  );
  if (known.last_calls === null) result('\nlast calls are not known: the storage is away');
  else section('last calls', callLines(known.last_calls, terminal), terminal);
}

function showStatus(
  { plugin, tenant_id: tenant, status, waiting_calls: waiting, health_report: report }: PluginDebug,
  { result, colors }: Terminal,
): void {
  const state = status?.state ?? 'unknown';
  const paint = state === 'FAILED' || state === 'UNAVAILABLE' ? colors.red : colors.green;
  const counts = status === null ? '' : `  ${status.success_count} ok, ${status.error_count} failed`;
  const breaker = status?.breaker === undefined ? '' : `  breaker ${status.breaker}`;
  result(`${colors.bold(plugin)} for ${tenant}  ${paint(state)}${counts}${breaker}  ${waiting} waiting`);
  if (status?.reason !== undefined) result(`  ${plain(status.reason)}`);
  const { status: word, message, metrics } = report;
  const figures = Object.keys(metrics).length === 0 ? '' : `  ${JSON.stringify(metrics)}`;
  result(`  health ${word}${message === '' ? '' : `: ${plain(message)}`}${plain(figures)}`);
}

function threadLines(threads: readonly PluginThread[], { colors }: Terminal): readonly string[] {
  const rows = threads.map(({ name, state, last_beat_seconds: seconds, instance_id }): readonly Cell[] => [
    name,
    state,
    `${Math.round(seconds)} s ago`,
    instance_id,
  ]);
  return rows.length === 0 ? [] : tableLines(['thread', 'state', 'beat', 'instance'], rows, colors);
}

function section(title: string, lines: readonly string[], { result, colors }: Terminal): void {
  result('');
  result(lines.length === 0 ? `no ${title}` : colors.bold(title));
  for (const line of lines) result(`  ${line}`);
}

const HEAD = [
  'instance',
  'pid',
  'state',
  'scope',
  'release',
  'tier',
  'up',
  'calls',
  'memory',
  'peak',
  'cpu',
  'threads',
  'files',
];

function instanceLines(instances: readonly PluginInstance[], { colors }: Terminal): readonly string[] {
  const rows = instances.map((one): readonly Cell[] => [
    one.instance_id,
    shown(one.pid),
    one.state,
    one.scope,
    one.version,
    one.tier,
    `${Math.round(one.uptime_seconds)} s`,
    shown(one.calls_in_flight),
    mebibytes(one.rss_bytes),
    mebibytes(one.peak_rss_bytes),
    one.cpu_ms === null ? '-' : `${Math.round(one.cpu_ms)} ms`,
    shown(one.thread_count),
    shown(one.open_handles),
  ]);
  return tableLines(HEAD, rows, colors);
}

function callLines(calls: NonNullable<PluginDebug['last_calls']>, { colors }: Terminal): readonly string[] {
  const rows = calls.map(({ call_id, target, started_at, outcome, code, duration_ms }): readonly Cell[] => [
    started_at,
    target,
    outcome === 'ok' ? { text: 'ok', paint: colors.green } : { text: outcome ?? 'in flight', paint: colors.yellow },
    code ?? '-',
    duration_ms === null ? '-' : `${Math.round(duration_ms)} ms`,
    call_id,
  ]);
  return tableLines(['started', 'tool', 'outcome', 'code', 'took', 'call'], rows, colors);
}

const MIB = 1024 * 1024;

function mebibytes(bytes: number | null): string {
  return bytes === null ? '-' : `${Math.round(bytes / MIB)} MiB`;
}

function shown(figure: number | null | undefined): string {
  return figure === null || figure === undefined ? '-' : String(figure);
}
