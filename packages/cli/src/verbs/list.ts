/**
 * `bulkhead list`: the plugins of a running server, one line each.
 */
import { EXIT_OK } from '../exit-codes.ts';
import { askHealth } from '../remote.ts';
import { givenToken } from '../token.ts';
import { columns, type Terminal } from '../terminal.ts';

/** Prints name, version, state and description of every plugin. */
export async function list(
  options: { readonly server: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const plugins = (await askHealth({ server: options.server, token: givenToken(process.env), name: undefined })) ?? [];
  if (options.json === true) {
    terminal.result(JSON.stringify(plugins));
    return EXIT_OK;
  }
  const rows = plugins.map(({ name, version = '', state, description = '' }) => [name, version, state, description]);
  for (const line of columns(rows)) terminal.result(line);
  if (rows.length === 0) terminal.say('the server has no plugins');
  return EXIT_OK;
}
