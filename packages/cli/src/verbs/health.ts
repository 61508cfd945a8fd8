/**
 * `bulkhead health [NAME]`: how the plugins of a running server are, and why; for people and for scripts.
 */
import { HostError } from '@bulkhead/host';
import type { PluginHealth } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { askHealth } from '../remote.ts';
import { givenToken } from '../token.ts';
import { columns, type Terminal } from '../terminal.ts';

/** Arguments and options as they were typed. */
export type HealthOptions = { readonly name?: string; readonly server: string; readonly json?: boolean };

/** Prints the health of all plugins or of one; answers 1 when any is FAILED or UNAVAILABLE. */
export async function health({ name, server, json }: HealthOptions, terminal: Terminal): Promise<number> {
  const plugins = await askHealth({ server, token: givenToken(process.env), name });
  if (plugins === undefined)
    throw new HostError('PLUGIN_NOT_FOUND', { message: `${server} has no plugin "${name ?? ''}"` });
  if (json === true) terminal.result(JSON.stringify(name === undefined ? plugins : plugins[0]));
  else for (const line of linesOf(plugins, terminal)) terminal.result(line);
  return plugins.every(isGood) ? EXIT_OK : EXIT_FAILED;
}

function isGood({ state }: PluginHealth): boolean {
  return state !== 'FAILED' && state !== 'UNAVAILABLE';
}

function linesOf(plugins: readonly PluginHealth[], { colors }: Terminal): readonly string[] {
  const rows = plugins.map((plugin) => [
    plugin.name,
    plugin.version ?? '',
    plugin.state,
    plugin.health ?? '',
    `${plugin.success_count} ok, ${plugin.error_count} failed`,
  ]);
  return columns(rows).flatMap((line, at) => {
    const plugin = plugins[at];
    const mark = plugin !== undefined && isGood(plugin) ? colors.green('●') : colors.red('●');
    const reason = plugin?.reason === undefined ? [] : [`    ${plugin.reason}`];
    return [`${mark} ${line}`, ...reason];
  });
}
