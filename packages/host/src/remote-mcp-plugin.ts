/**
 * `init --kind mcp --from https://…`: the plugin of an MCP server that is somewhere else. What its manifest says is learnt from the
 * server by a plugin that is run once in the sandbox, through the broker: nothing that the server says is read here but JSON that was
 * judged as any plugin's. Nothing is stored.
 *
 *   address -> a plugin that lists -> installed and called in a host of its own -> manifest, and a main of three lines
 */
import {
  isJsonObject,
  parseManifest,
  parseVersion,
  toolNamesOf,
  type JsonObject,
  type JsonValue,
  type PluginName,
} from '@bulkhead/protocol';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from './base/host-error.ts';
import { openHost } from './host.ts';
import { resolveSettings, type HostSettings } from './host/settings.ts';

/**
 * What is known of the plugin before its server was asked. `secret` goes out as a bearer token, to the server's host alone.
 *
 * @public
 */
export type RemoteMcpPlugin = {
  readonly name: PluginName;
  readonly url: string;
  readonly secret?: { readonly name: string; readonly value: string } | undefined;
  /** What the operator lists of hosts that are private, or not encrypted. */
  readonly privateHosts: readonly string[];
};

/**
 * A plugin that speaks for the server: its version, the names of its tools, and its files by their path.
 *
 * @public
 */
export type DerivedMcpPlugin = {
  readonly version: string;
  readonly tools: readonly string[];
  readonly files: ReadonlyMap<string, string>;
};

/**
 * Asks the server what it is and makes the plugin of it.
 *
 * @throws {HostError} `INIT_FAILED` in the words of the broker or the client, `MANIFEST_INVALID`.
 * @public
 */
export function deriveRemoteMcpPlugin(plugin: RemoteMcpPlugin): Promise<DerivedMcpPlugin> {
  const { privateHosts } = plugin;
  return deriveRemoteWith(resolveSettings({ spareCount: 0, measured: 'lately', privateHosts }), plugin);
}

/** The same in a host of these settings. */
export async function deriveRemoteWith(settings: HostSettings, plugin: RemoteMcpPlugin): Promise<DerivedMcpPlugin> {
  const draft = manifestOf(plugin, { version: '0.1.0', description: 'An MCP server.', tools: [] });
  const { name: called, version: said, tools } = readAbout(await ask(settings, plugin, draft));
  const version = parseVersion(said) ?? '0.1.0';
  const names = toolNamesOf(tools.map(({ mcp_name }) => (typeof mcp_name === 'string' ? mcp_name : '')));
  const manifest = manifestOf(plugin, {
    version,
    description: `The MCP server ${called === '' ? '' : `${called} `}at ${new URL(plugin.url).host}.`,
    tools: tools.map((tool, index) => ({ name: names[index] ?? '', ...tool })),
  });
  const files = new Map([
    ['plugin.json', textOf(manifest)],
    ['main.js', MAIN],
  ]);
  return { version, tools: names, files };
}

const MAIN = `import { RemoteServer } from '@bulkhead/sdk/mcp';
import manifest from './plugin.json' with { type: 'json' };

export default new RemoteServer(manifest);
`;
const LISTER = `import { ServerLister } from '@bulkhead/sdk/mcp';
import manifest from './plugin.json' with { type: 'json' };

export default new ServerLister(manifest);
`;
const LIST = {
  name: 'list',
  mcp_name: 'list',
  description: 'Says what the server is.',
  parameters: { type: 'object' },
};
const ASK_MS = 60_000;
const HINT =
  'Look whether its address is right; a host that is private, or not encrypted, has to be listed in egress.private_hosts.';

type Known = Pick<About, 'version' | 'tools'> & { readonly description: string };

function manifestOf({ name, url, secret }: RemoteMcpPlugin, { version, description, tools }: Known): JsonObject {
  const hosts = [hostPortOf(url)];
  const source = {
    ...{ name, version, description, author: new URL(url).hostname, main: 'main.js' },
    required_permissions: ['internet', ...(secret === undefined ? [] : ['secrets'])],
    network: { allow: hosts },
    ...(secret !== undefined && { secrets: { [secret.name]: { hosts } } }),
    mcp: { url, ...(secret !== undefined && { headers: { authorization: `Bearer {${secret.name}}` } }), tools },
  };
  const result = parseManifest(source);
  if (result.ok) return source;
  throw new HostError('MANIFEST_INVALID', { message: result.findings[0]?.message ?? '', findings: result.findings });
}

function hostPortOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
}

/** Has the plugin that lists called in the sandbox. */
async function ask(settings: HostSettings, { name, secret }: RemoteMcpPlugin, draft: JsonObject): Promise<JsonValue> {
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-init-'));
  const { host } = await openHost(settings);
  try {
    const { mcp } = draft;
    const listing = { ...draft, mcp: { ...(isJsonObject(mcp) && mcp), tools: [LIST] } };
    await writeFile(join(dir, 'plugin.json'), textOf(listing));
    await writeFile(join(dir, 'main.js'), LISTER);
    await host.install(dir, { grant: ['internet', 'secrets'].slice(0, secret === undefined ? 1 : 2) });
    if (secret !== undefined) await host.secrets.set(name, secret);
    const outcome = await host.call({ plugin: name, tool: LIST.name, params: {}, timeoutMs: ASK_MS });
    if (outcome.ok) return outcome.value;
    const { message } = outcome.error;
    throw new HostError('INIT_FAILED', { message: `the MCP server did not say what it is: ${message}`, hint: HINT });
  } finally {
    await host.close();
    await rm(dir, { recursive: true, force: true });
  }
}

type About = { readonly name: string; readonly version: string; readonly tools: readonly JsonObject[] };

/** A plugin of ours made it; what the server said inside is judged with the manifest. */
function readAbout(value: JsonValue): About {
  const { name, version, tools } = isJsonObject(value) ? value : {};
  return {
    name: typeof name === 'string' ? name.slice(0, 256) : '',
    version: typeof version === 'string' ? version : '',
    tools: (Array.isArray(tools) ? tools : []).filter(isJsonObject),
  };
}

function textOf(manifest: JsonObject): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
