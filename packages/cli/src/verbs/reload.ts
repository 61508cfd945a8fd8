/**
 * `bulkhead reload` and `uninstall`: a plugin that runs is started afresh, or taken out for everybody.
 */
import { askAdmin } from '../remote/ask.ts';
import { openRemote } from '../remote/remote.ts';
import {
  asksForTenant,
  asksServer,
  examples,
  print,
  type ServerOptions,
  type VerbContext,
} from '../remote/server-verb.ts';
import { plain, tableLines } from '../table.ts';
import { pluginPath } from './plugins.ts';

type Reloaded = { readonly name: string; readonly version: string; readonly state: string; readonly reason?: string };

/** Adds `reload` and `uninstall`. */
export function addReload({ program, terminal }: VerbContext): void {
  asksForTenant(
    program
      .command('reload')
      .description(
        'Close a plugin’s breaker: read its folder again (platform token), or start a tenant’s instances afresh',
      ),
  )
    .argument('<name>', 'name of the plugin')
    .addHelpText('after', examples(['bulkhead reload weather', 'bulkhead reload weather --tenant acme']))
    .action(async (name: string, options: ServerOptions) => {
      const request = { method: 'POST', path: pluginPath(name, '/reload') } as const;
      const { value } = await askAdmin<Reloaded>(await openRemote(options, process.env), request);
      print({ terminal, options }, value, ({ version, state, reason = '' }, { result, colors }) => {
        const row = [name, version, state, reason];
        for (const line of tableLines(['plugin', 'version', 'state', 'reason'], [row], colors)) result(line);
      });
    });
  asksServer(
    program
      .command('uninstall')
      .description('Take a plugin out with its releases and every tenant’s registration (platform token)'),
  )
    .argument('<name>', 'name of the plugin')
    .addHelpText('after', examples(['bulkhead uninstall weather']))
    .action(async (name: string, options: ServerOptions) => {
      await askAdmin(await openRemote(options, process.env), { method: 'DELETE', path: pluginPath(name) });
      print({ terminal, options }, { name }, () => terminal.say(`uninstalled ${plain(name)}`));
    });
}
