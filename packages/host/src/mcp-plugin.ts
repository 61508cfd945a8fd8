/**
 * `init --kind mcp`: what the manifest of an MCP server's plugin says is learnt from the server itself, run once in the sandbox that
 * it will be run in. Nothing is stored.
 *
 *   folder with all its files -> frozen -> started in the sandbox -> initialize, tools/list -> manifest
 */
import {
  LIMITS,
  isJsonObject,
  parseManifest,
  parseVersion,
  toolNamesOf,
  type CallError,
  type JsonObject,
  type JsonValue,
  type Manifest,
} from '@bulkhead/protocol';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HostError, assertInvariant } from './base/host-error.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';
import { installNpmPackage, type InstalledPackage } from './npm/install-package.ts';
import { findCommand } from './requirements/system-probe.ts';
import { freezeTree } from './source/freeze-tree.ts';
import { TOOLS_FILE } from './source/manifest-file.ts';
import { OPERATOR_FOLDER, readSource } from './source/read-source.ts';
import type { ServerAbout } from './sandbox/stdio/connect.ts';

/**
 * How the server is started: by Node from a file of the folder, or as a command of the machine. In `args` and `env`, `{data}` stands
 * for its writable folder and `{server}` for its files. `granted` are names of variables of this machine that it asks for.
 *
 * @public
 */
export type McpStart = {
  readonly main?: string;
  readonly command?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly granted: readonly string[];
  /** Hosts with their ports that it reaches by its own client; without any it asks for no network. */
  readonly hosts?: readonly string[];
};

/**
 * What is known of the plugin before its server has been run.
 *
 * @public
 */
export type McpPlugin = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly author: string;
  readonly license: string | undefined;
  readonly start: McpStart;
};

/**
 * The manifest of an MCP server's plugin, and the texts of the files that hold it, by their names.
 *
 * @public
 */
export type McpManifest = { readonly manifest: JsonObject; readonly files: Readonly<Record<string, string>> };

/**
 * Installs an npm package into the folder of a plugin, without scripts, and says what it is.
 *
 * @throws {HostError} `NPM_FETCH_FAILED`.
 * @public
 */
export async function installMcpPackage(
  spec: string,
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Omit<McpPlugin, 'name'>> {
  const installed = await installNpmPackage(spec, dir, env);
  const { main } = installed;
  return { ...describe(installed), start: { ...NO_ARGUMENTS, main, env: await pathsReadBy(join(dir, main)) } };
}

const NO_ARGUMENTS = { args: [], env: {}, granted: [] } as const;
const TEXT_MAX = 256;

function describe({ about, name }: Pick<InstalledPackage, 'about' | 'name'>): Omit<McpPlugin, 'name' | 'start'> {
  const { version, description, license, author } = about;
  const written = isJsonObject(author) ? author['name'] : author;
  return {
    version: (typeof version === 'string' ? parseVersion(version) : undefined) ?? '0.1.0',
    description:
      typeof description === 'string' && description !== '' ? description.slice(0, 1_024) : `The MCP server ${name}.`,
    author: typeof written === 'string' && written !== '' ? written.slice(0, TEXT_MAX) : name.slice(0, TEXT_MAX),
    license: typeof license === 'string' && license !== '' && license.length <= 128 ? license : undefined,
  };
}

/** What variables by which servers are told where to keep a file end in. */
const FILE_WORDS = 'FILE_PATH|DB_PATH|DATABASE_PATH|STORAGE_PATH|DATA_DIR|STORAGE_DIR|CACHE_DIR';
/** Variables by which servers are told where to keep a file; without them most keep it beside their own files. */
const FILE_VARIABLE = new RegExp(String.raw`process\.env(?:\.|\[['"])([A-Z][A-Z0-9_]*_(?:${FILE_WORDS}))\b`, 'g');

/** Finds such variables in the server's main file, each with a place in its writable folder. */
async function pathsReadBy(file: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(file, 'utf8').catch(() => ''); // Where it is not there, its start says so.
  const names = [...new Set([...text.matchAll(FILE_VARIABLE)].flatMap(([, name]) => name ?? []))];
  return Object.fromEntries(names.map((name) => [name, `{data}/${fileNameIn(text, name)}`]));
}

/** The file's own name where the server gives one, since its ending may matter to it. */
function fileNameIn(text: string, variable: string): string {
  const stem = variable.replace(new RegExp(`_(?:${FILE_WORDS})$`), '').toLowerCase();
  const named = new RegExp(String.raw`['"]((?:${stem})\.[a-z0-9]{1,8})['"]`, 'i').exec(text)?.[1];
  return named ?? stem;
}

/**
 * Finds a command of this machine.
 *
 * @returns its path, undefined where no folder of PATH has it.
 * @public
 */
export function findMachineCommand(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  return findCommand(command, env['PATH'] ?? '');
}

/**
 * Runs the server of a plugin folder once in the sandbox and writes the manifest that fits it, with its tools in a file of their own
 * where they are more than a manifest holds.
 *
 * @param dir - The folder with all its files; of a command of the machine it may be empty.
 * @throws {HostError} `INIT_FAILED` in the words of the server, `SANDBOX_TOO_WEAK`, `SOURCE_*`, `MANIFEST_INVALID`.
 * @public
 */
export async function deriveMcpManifest(dir: string, plugin: McpPlugin): Promise<McpManifest> {
  const draft = parsed(sourceOf(plugin, []));
  const about = await learn(resolve(dir), draft, plugin.start);
  const names = toolNamesOf(about.tools.map(({ mcp_name }) => mcp_name));
  const tools = about.tools.map((tool, index): JsonObject => ({ name: names[index] ?? '', ...tool }));
  const { source } = parsed(sourceOf(plugin, tools));
  return { manifest: source, files: filesOf(source) };
}

function filesOf(manifest: JsonObject): Readonly<Record<string, string>> {
  const whole = textOf(manifest);
  if (Buffer.byteLength(whole) <= LIMITS.manifest_bytes.value) return { 'plugin.json': whole };
  const { tools = [], ...mcp } = manifest['mcp'] as JsonObject; // It was just parsed.
  const text = textOf(tools);
  const bytes = Buffer.byteLength(text);
  if (bytes <= LIMITS.mcp_tools_bytes.value) return { 'plugin.json': textOf({ ...manifest, mcp }), [TOOLS_FILE]: text };
  throw new HostError('MANIFEST_INVALID', {
    message: `the definitions of the MCP server's tools have ${bytes} bytes; at most ${LIMITS.mcp_tools_bytes.value} are pinned`,
    hint: 'Start it with an argument that offers fewer tools, where it has one.',
  });
}

function textOf(value: JsonValue): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function parsed(source: JsonObject): Manifest {
  const result = parseManifest(source);
  if (result.ok) return result.manifest;
  throw new HostError('MANIFEST_INVALID', { message: result.findings[0]?.message ?? '', findings: result.findings });
}

function sourceOf(plugin: McpPlugin, tools: readonly JsonObject[]): JsonObject {
  const { name, version, description, author, license, start } = plugin;
  const { main, command, args, env, granted, hosts = [] } = start;
  const permissions = [...granted.map((variable) => `env:${variable}`), ...(hosts.length > 0 ? ['internet'] : [])];
  const requirements = {
    ...(command !== undefined && { commands: [command] }),
    ...(granted.length > 0 && { env: granted }),
  };
  return {
    ...{ name, version, description, author },
    ...(license !== undefined && { license }),
    driver: 'stdio',
    ...(command === undefined && main !== undefined && { main }),
    ...(permissions.length > 0 && { required_permissions: permissions }),
    ...(hosts.length > 0 && { network: { allow: hosts } }),
    ...(Object.keys(requirements).length > 0 && { requirements }),
    mcp: {
      ...(command !== undefined && { command }),
      ...(args.length > 0 && { args }),
      ...(Object.keys(env).length > 0 && { env }),
      tools,
    },
  };
}

async function learn(dir: string, manifest: Manifest, { command }: McpStart): Promise<ServerAbout> {
  const path = command === undefined ? undefined : await findMachineCommand(command, process.env);
  const tree = await freezeTree(await readSource(dir, OPERATOR_FOLDER), manifest);
  const { host, parts } = await openHost(resolveSettings({ spareCount: 0, measured: 'lately' }));
  try {
    const { mcp, limits, name, main } = manifest;
    assertInvariant(mcp !== undefined, 'the manifest is of an MCP server');
    const opened = await parts.stdio.openServer({
      ...{ name, tenant: 'default', env: mcp.env, tools: undefined, keepsState: false, allowChildren: false },
      digest: createHash('sha256').update(tree.module).digest('hex'),
      readTree: async () => tree.module,
      program: { main: path === undefined ? main : undefined, command: path, args: mcp.args },
      memoryMb: limits.memory_mb,
      cpuMsMax: limits.cpu_ms,
      outputBytesMax: limits.output_bytes,
      initTimeoutMs: INIT_MS,
    });
    if (!opened.ok) throw notLearnt(opened.error);
    const { about } = opened.sandbox;
    assertInvariant(about !== undefined, 'a server that takes calls has said what it is');
    return about;
  } finally {
    await host.close();
  }
}

/** Nobody waits for a call meanwhile, and the machine may be busy with an install. */
const INIT_MS = 30_000;

function notLearnt({ code, message, hint }: CallError): HostError {
  const isWeak = code === 'SANDBOX_TOO_WEAK';
  return new HostError(isWeak ? 'SANDBOX_TOO_WEAK' : 'INIT_FAILED', {
    message: `the MCP server did not start in the sandbox: ${message}`,
    hint,
  });
}
