/**
 * `bulkhead list`: the plugins of a running server, one line each.
 */
import { askHealth } from '../remote/ask.ts';
import { openPublicRemote } from '../remote/remote.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { PluginHealth } from '@bulkhead/protocol';

/** Adds `list`: name, version, state and description of every plugin. */
export function addList({ program, terminal }: VerbContext): void {
  asksServer(program.command('list').description('List the plugins of a running server; needs no token'))
    .addHelpText('after', examples(['bulkhead list', 'bulkhead list --server http://127.0.0.1:8080 --json']))
    .action(async (options: ServerOptions) => {
      const plugins = (await askHealth(openPublicRemote(options, process.env), undefined)) ?? [];
      print({ terminal, options }, plugins, show);
    });
}

function show(plugins: readonly PluginHealth[], { result, say, colors }: Terminal): void {
  const rows = plugins.map(({ name, version = '', state, description = '' }) => [name, version, state, description]);
  for (const line of tableLines(['plugin', 'version', 'state', 'description'], rows, colors)) result(line);
  if (rows.length === 0) say('the server has no plugins');
}
