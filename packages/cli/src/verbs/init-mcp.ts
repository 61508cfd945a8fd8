/**
 * `bulkhead init NAME --kind mcp --from WHAT`: an MCP server becomes a plugin folder. It is installed without scripts, run once in
 * the sandbox, and what it lists is pinned.
 *
 *   @scope/server@1.2.0 arg     a package of the registry, also as `npx -y …`
 *   ./folder arg                a folder with its packages; its `bin`, `main` or index.js is run
 *   uvx some-server arg         a command of this machine
 *   https://host/mcp            a server that is somewhere else: init-remote-mcp.ts
 */
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  deriveMcpManifest,
  findMachineCommand,
  installMcpPackage,
  isNpmSpec,
  type McpPlugin,
  type McpStart,
} from '@bulkhead/host';
import { isJsonObject, type JsonObject, type PluginName } from '@bulkhead/protocol';
import { EXIT_OK } from '../exit-codes.ts';
import { makeFolder } from '../scaffold/new-folder.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { initRemoteMcp } from './init-remote-mcp.ts';

/**
 * What was typed. `env` holds `NAME=VALUE`, and names alone of variables that the server is to be given; `allow` holds
 * hosts that it reaches; `secret` names the token of a server that is somewhere else.
 */
export type InitMcpOptions = {
  readonly from?: string;
  readonly env?: readonly string[];
  readonly allow?: readonly string[];
  readonly secret?: string;
};

/** Where the server is from, without its arguments. */
type From =
  | { readonly kind: 'npm'; readonly spec: string }
  | { readonly kind: 'folder'; readonly dir: string }
  | { readonly kind: 'command'; readonly command: string };

/** Makes the folder; where that fails half way, it goes again. */
export async function initMcp(name: PluginName, options: InitMcpOptions, terminal: Terminal): Promise<number> {
  const { from: typed, env = [], allow = [], secret } = options;
  if (typed === undefined || typed.trim() === '') {
    throw new UsageError(
      'where the MCP server is from is missing',
      'bulkhead init NAME --kind mcp --from @modelcontextprotocol/server-everything',
    );
  }
  if (/^https?:/.test(typed.trim()))
    return initRemoteMcp(name, { url: typed.trim(), given: [...env, ...allow], secret }, terminal);
  if (secret !== undefined) throw new UsageError('--secret is for servers with an address; others have --env NAME');
  const { from, args } = await parseFrom(typed.trim());
  await makeFolder(name);
  const done = terminal.progress(`making ./${name} of ${typed}`);
  try {
    const { start, ...about } = await bring(from, name);
    const plugin = { name, ...about, start: withGiven(start, { args, env, allow }) };
    const { manifest, files } = await deriveMcpManifest(name, plugin);
    for (const [path, text] of Object.entries(files)) await writeFile(join(name, path), text);
    done();
    show(name, manifest, terminal);
    return EXIT_OK;
  } catch (error) {
    await rm(name, { recursive: true, force: true });
    throw error;
  } finally {
    done();
  }
}

async function parseFrom(typed: string): Promise<{ readonly from: From; readonly args: readonly string[] }> {
  const words = typed.split(/\s+/);
  // As it stands in other clients' settings; nothing is fetched when the plugin runs.
  const [first = '', ...args] =
    words[0] === 'npx' ? words.slice(1).filter((word) => !/^(?:-y|--yes)$/.test(word)) : words;
  const isNpx = words[0] === 'npx';
  if (!isNpx && (await isFolder(first))) return { from: { kind: 'folder', dir: resolve(first) }, args };
  const isPackage = isNpx || first.startsWith('@') || /.@[^/]+$/.test(first);
  if (!isPackage && (await findMachineCommand(first, process.env)) !== undefined)
    return { from: { kind: 'command', command: first }, args };
  if (isNpmSpec(first)) return { from: { kind: 'npm', spec: first }, args };
  throw new UsageError(
    `${JSON.stringify(first)} is no package of the registry, no folder and no command of this machine`,
    'Use --from @scope/package[@version], --from ./folder, --from "command argument", or --from https://host/mcp.',
  );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (about) => about.isDirectory(),
    () => false,
  );
}

async function bring(from: From, folder: string): Promise<Omit<McpPlugin, 'name'>> {
  switch (from.kind) {
    case 'npm':
      return installMcpPackage(from.spec, folder, process.env);
    case 'folder':
      return copyFolder(from.dir, folder);
    case 'command':
      return {
        version: '0.1.0',
        description: `The MCP server that the command ${from.command} starts.`,
        author: 'unknown',
        license: undefined,
        start: { command: from.command, args: [], env: {}, granted: [] },
      };
  }
}

/** Hidden files, such as a repository or the settings of an editor, are no part of a server. */
async function copyFolder(dir: string, folder: string): Promise<Omit<McpPlugin, 'name'>> {
  const isHidden = (path: string): boolean =>
    path
      .slice(dir.length)
      .split('/')
      .some((part) => part.startsWith('.'));
  await cp(dir, folder, { recursive: true, verbatimSymlinks: true, filter: (path) => !isHidden(path) });
  const about = await readPackage(folder);
  const text = (field: string, fallback: string): string => {
    const value = about[field];
    return typeof value === 'string' && value !== '' ? value.slice(0, 256) : fallback;
  };
  return {
    version: text('version', '0.1.0'),
    description: text('description', 'An MCP server.'),
    author: text('author', 'unknown'),
    license: typeof about['license'] === 'string' ? about['license'] : undefined,
    start: { main: mainOf(about), args: [], env: {}, granted: [] },
  };
}

async function readPackage(folder: string): Promise<JsonObject> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    throw new UsageError('package.json of the folder is no JSON');
  }
}

function mainOf({ bin, main }: JsonObject): string {
  const [program] = isJsonObject(bin) ? Object.values(bin) : [bin];
  const found = [program, main].find((one) => typeof one === 'string' && one !== '');
  return typeof found === 'string' ? found.replace(/^(?:\.\/)+/, '') : 'index.js';
}

type Given = { readonly args: readonly string[]; readonly env: readonly string[]; readonly allow: readonly string[] };

function withGiven(start: McpStart, { args, env, allow }: Given): McpStart {
  const values = env.flatMap((word): readonly (readonly [string, string])[] => {
    const at = word.indexOf('=');
    return at === -1 ? [] : [[word.slice(0, at), word.slice(at + 1)]];
  });
  const granted = env.filter((word) => !word.includes('='));
  return { ...start, args, env: { ...start.env, ...Object.fromEntries(values) }, granted, hosts: allow };
}

function show(name: string, manifest: JsonObject, { result, say, talkColors }: Terminal): void {
  const { version, mcp } = manifest;
  const { tools, env } = isJsonObject(mcp) ? mcp : {};
  const named = (Array.isArray(tools) ? tools : []).flatMap((tool) =>
    isJsonObject(tool) ? textsOf(tool['name']) : [],
  );
  result(name);
  const [shown = ''] = textsOf(version);
  say(plain(`made ./${name}, version ${shown}, with ${named.length} tools: ${named.join(', ')}`));
  for (const [variable, value] of Object.entries(isJsonObject(env) ? env : {}))
    for (const text of textsOf(value)) say(plain(`  ${variable} is set to ${text}`));
  say('Next:');
  const grant = manifest['network'] === undefined ? '' : ' --grant internet';
  say(talkColors.cyan(`  bulkhead call ./${name} ${named[0] ?? 'TOOL'} --params '{}'${grant}`));
  say(talkColors.cyan(`  bulkhead pack ./${name}`));
}

function textsOf(value: unknown): readonly string[] {
  return typeof value === 'string' ? [value] : [];
}
