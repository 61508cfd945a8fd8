/**
 * `bulkhead init NAME --kind mcp --from https://…`: an MCP server that is somewhere else becomes a plugin folder. It is asked once, from
 * the sandbox and through the broker, and what it lists is pinned.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveRemoteMcpPlugin } from '@bulkhead/host';
import { isJsonObject, type JsonObject, type PluginName } from '@bulkhead/protocol';
import { loadConfig } from '../config/load-config.ts';
import { EXIT_OK } from '../exit-codes.ts';
import { makeFolder } from '../scaffold/new-folder.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What was typed; `env` only to be refused. */
export type InitRemoteOptions = {
  readonly url: string;
  readonly env: readonly string[];
  readonly secret: string | undefined;
};

/** Makes the folder, once the server has said what it is. */
export async function initRemoteMcp(
  name: PluginName,
  { url, env, secret }: InitRemoteOptions,
  terminal: Terminal,
): Promise<number> {
  if (!URL.canParse(url)) throw new UsageError(`${JSON.stringify(url)} is no address`, 'Such as https://host/mcp.');
  if (env.length > 0)
    throw new UsageError('a server with an address has no --env', 'Give it a token by --secret NAME.');
  const token = secret === undefined ? undefined : { name: secret, value: valueOf(secret) };
  const config = await loadConfig({ flags: {}, env: process.env, file: undefined });
  await makeFolder(name);
  const done = terminal.progress(`asking ${url}`);
  try {
    const files = await deriveRemoteMcpPlugin({
      ...{ name, url, secret: token },
      privateHosts: config['egress.private_hosts'],
    });
    for (const [path, text] of files) await writeFile(join(name, path), text);
    done();
    show(name, { manifest: manifestIn(files), secret }, terminal);
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

function manifestIn(files: ReadonlyMap<string, string>): JsonObject {
  const value: unknown = JSON.parse(files.get('plugin.json') ?? '{}');
  return isJsonObject(value) ? value : {};
}

type Made = { readonly manifest: JsonObject; readonly secret: string | undefined };

function show(name: string, { manifest, secret }: Made, { result, say, talkColors }: Terminal): void {
  const { version, mcp } = manifest;
  const tools = isJsonObject(mcp) && Array.isArray(mcp['tools']) ? mcp['tools'].filter(isJsonObject) : [];
  const named = tools.map((tool) => String(tool['name']));
  result(name);
  say(plain(`made ./${name}, version ${String(version)}, with ${named.length} tools: ${named.join(', ')}`));
  const grant = secret === undefined ? 'internet' : 'internet,secrets';
  say('Next:');
  if (secret === undefined) {
    say(talkColors.cyan(`  bulkhead call ./${name} ${named[0] ?? 'TOOL'} --params '{}' --grant ${grant}`));
    say(talkColors.cyan(`  bulkhead pack ./${name}`));
    return;
  }
  say(talkColors.cyan(`  bulkhead serve --plugins . --grant ${name}=${grant}`));
  say(talkColors.cyan(`  bulkhead secrets set ${name} ${secret}`));
}
