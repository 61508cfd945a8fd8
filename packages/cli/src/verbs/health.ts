/**
 * `bulkhead health [NAME]`: how the plugins of a running server are, and why; for people and for scripts.
 */
import type { PluginHealth } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { askHealth } from '../remote/ask.ts';
import { refusal } from '../remote/remote-error.ts';
import { openPublicRemote } from '../remote/remote.ts';
import { asksServer, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { columns, plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** Adds `health`; it answers 1 when any plugin that it shows is FAILED or UNAVAILABLE. */
export function addHealth({ program, terminal, exit }: VerbContext): void {
  asksServer(
    program.command('health').description('Say how the plugins of a running server are, and why; needs no token'),
  )
    .argument('[name]', 'one plugin')
    .addHelpText(
      'after',
      `${examples(['bulkhead health', 'bulkhead health calculator'])}\n\nExits 1 when a plugin is FAILED or UNAVAILABLE. With BULKHEAD_TOKEN set, reasons name plugin folders in full.`,
    )
    .action(async (name: string | undefined, options: ServerOptions) => {
      const remote = openPublicRemote(options, process.env);
      const plugins = (await askHealth(remote, name)) ?? raiseUnknown(remote.server, name);
      print({ terminal, options }, name === undefined ? plugins : plugins[0], () => show(plugins, terminal));
      exit(plugins.every(isGood) ? EXIT_OK : EXIT_FAILED);
    });
}

function raiseUnknown(server: string, name: string = ''): never {
  throw refusal('PLUGIN_NOT_FOUND', `${server} has no plugin ${JSON.stringify(name)}`);
}

function isGood({ state }: PluginHealth): boolean {
  return state !== 'FAILED' && state !== 'UNAVAILABLE';
}

function show(plugins: readonly PluginHealth[], { result, say, colors }: Terminal): void {
  const rows = plugins.map((plugin) => [
    plugin.name,
    plugin.version ?? '',
    plugin.state,
    plugin.health ?? '',
    `${plugin.success_count} ok, ${plugin.error_count} failed`,
  ]);
  for (const [at, line] of columns(rows).entries()) {
    const plugin = plugins[at];
    const mark = plugin !== undefined && isGood(plugin) ? colors.green('●') : colors.red('●');
    result(`${mark} ${line}`);
    if (plugin?.reason !== undefined) result(`    ${plain(plugin.reason)}`);
  }
  if (plugins.length === 0) say('the server has no plugins');
}
