/**
 * `bulkhead doctor --plugin NAME`: what a plugin of a running server tried and was refused, each with the permission that it would
 * take.
 */
import type { PluginDebug, RefusedAttempt } from '@bulkhead/host';
import { EXIT_OK } from '../exit-codes.ts';
import { askAdmin } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import { print, type ServerOptions } from '../remote/server-verb.ts';
import { tableLines, type Cell } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { pluginPath } from './plugins.ts';

/** Which plugin, of which server. */
export type DoctorPluginOptions = ServerOptions & { readonly plugin: string };

/** Asks the server and prints what it knows. */
export async function doctorPlugin(options: DoctorPluginOptions, terminal: Terminal): Promise<number> {
  const { plugin } = options;
  const remote = await openRemote(options, process.env);
  const { value } = await askAdmin<PluginDebug>(remote, { path: pluginPath(plugin, '/debug') });
  const { refused, status } = value;
  const told = { plugin, tier: status?.tier ?? null, state: status?.state ?? null, refused };
  print({ terminal, options }, told, () => show(told, terminal));
  return EXIT_OK;
}

type Told = Pick<DoctorPluginOptions, 'plugin'> & {
  readonly tier: string | null;
  readonly state: string | null;
  readonly refused: readonly RefusedAttempt[];
};

function show({ plugin, tier, state, refused }: Told, { result, say, colors }: Terminal): void {
  result(`${plugin}: ${state ?? 'unknown'}, in a sandbox of tier ${tier ?? 'unknown'}`);
  if (refused.length === 0)
    return say('nothing that it says it was refused; what a program keeps to itself is not seen');
  const rows = refused.map(({ what, target, error, permission, times, last_at }): readonly Cell[] => [
    what,
    target,
    error,
    permission ?? { text: 'none permits it', paint: colors.dim },
    String(times),
    last_at,
  ]);
  for (const line of tableLines(['tried', 'what', 'got', 'permission', 'times', 'last'], rows, colors)) result(line);
}
