/**
 * `bulkhead init NAME --kind mcp --from https://…`: an MCP server that is somewhere else becomes a plugin folder. It is asked once, from
 * the sandbox and through the broker, and what it lists is pinned.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveRemoteMcpPlugin, type DerivedMcpPlugin } from '@bulkhead/host';
import type { PluginName } from '@bulkhead/protocol';
import { loadConfig } from '../config/load-config.ts';
import { EXIT_OK } from '../exit-codes.ts';
import { makeFolder } from '../scaffold/new-folder.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What was typed; `given`, by --env and --allow, only to be refused. */
export type InitRemoteOptions = {
  readonly url: string;
  readonly given: readonly string[];
  readonly secret: string | undefined;
};

/** Makes the folder, once the server has said what it is. */
export async function initRemoteMcp(
  name: PluginName,
  { url, given, secret }: InitRemoteOptions,
  terminal: Terminal,
): Promise<number> {
  if (!URL.canParse(url)) throw new UsageError(`${JSON.stringify(url)} is no address`, 'Such as https://host/mcp.');
  if (given.length > 0)
    throw new UsageError('a server with an address has no --env and no --allow', 'Give it a token by --secret NAME.');
  const token = secret === undefined ? undefined : { name: secret, value: valueOf(secret) };
  const config = await loadConfig({ flags: {}, env: process.env, file: undefined });
  await makeFolder(name);
  const done = terminal.progress(`asking ${url}`);
  try {
    const made = await deriveRemoteMcpPlugin({
      ...{ name, url, secret: token },
      privateHosts: config['egress.private_hosts'],
    });
    for (const [path, text] of made.files) await writeFile(join(name, path), text);
    done();
    show(name, made, { secret, terminal });
    return EXIT_OK;
  } catch (error) {
    await rm(name, { recursive: true, force: true });
    throw error;
  } finally {
    done();
  }
}

/** Not an argument, which other users of the machine can see. */
function valueOf(secret: string): string {
  const value = process.env[secret];
  if (value !== undefined && value !== '') return value;
  throw new UsageError(
    `the variable ${secret} is not set`,
    'The server is asked for its tools with it; export it for this command.',
  );
}

type Shown = { readonly secret: string | undefined; readonly terminal: Terminal };

function show(name: string, { version, tools }: DerivedMcpPlugin, { secret, terminal }: Shown): void {
  const { result, say, talkColors } = terminal;
  result(name);
  say(plain(`made ./${name}, version ${version}, with ${tools.length} tools: ${tools.join(', ')}`));
  say('Next:');
  if (secret === undefined) {
    say(talkColors.cyan(`  bulkhead call ./${name} ${tools[0] ?? 'TOOL'} --params '{}' --grant internet`));
    say(talkColors.cyan(`  bulkhead pack ./${name}`));
    return;
  }
  say(talkColors.cyan(`  bulkhead serve --plugins . --grant ${name}=internet,secrets`));
  say(talkColors.cyan(`  bulkhead secrets set ${name} ${secret}`));
}
