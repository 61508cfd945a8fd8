/**
 * `bulkhead debug NAME`: what a server knows of a plugin for a tenant, without asking the plugin.
 */
import type { PluginDebug, PluginInstance } from '@bulkhead/host';
import { logLines } from '../log-lines.ts';
import { askAdmin } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import { asksForTenant, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain, tableLines, type Cell } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { pluginPath } from './plugins.ts';

/** Adds `debug`. */
export function addDebug({ program, terminal }: VerbContext): void {
  asksForTenant(program.command('debug').description('Look into a plugin: instances, memory, last errors, last calls'))
    .argument('<name>', 'name of the plugin')
    .addHelpText('after', examples(['bulkhead debug weather', 'bulkhead debug weather --tenant acme --json']))
    .action(async (name: string, options: ServerOptions) => {
      const remote = await openRemote(options, process.env);
      const { value } = await askAdmin<PluginDebug>(remote, { path: pluginPath(name, '/debug') });
      print({ terminal, options }, value, show);
    });
}

function show(known: PluginDebug, terminal: Terminal): void {
  const { result, colors } = terminal;
  showStatus(known, terminal);
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
  { plugin, tenant_id: tenant, status, waiting_calls: waiting }: PluginDebug,
  { result, colors }: Terminal,
): void {
  const state = status?.state ?? 'unknown';
  const paint = state === 'FAILED' || state === 'UNAVAILABLE' ? colors.red : colors.green;
  const counts = status === null ? '' : `  ${status.success_count} ok, ${status.error_count} failed`;
  const breaker = status?.breaker === undefined ? '' : `  breaker ${status.breaker}`;
  result(`${colors.bold(plugin)} for ${tenant}  ${paint(state)}${counts}${breaker}  ${waiting} waiting`);
  if (status?.reason !== undefined) result(`  ${plain(status.reason)}`);
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
