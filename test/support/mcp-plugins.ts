/**
 * Plugins made of MCP servers that are installed here as they came from the registry, unmodified.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveMcpManifest, type McpPlugin } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { copyPackage } from './checkout-copy.ts';

/** Reference servers of the protocol; what they are installed for is to be run here. */
export const REFERENCE_SERVERS = ['everything', 'filesystem', 'memory', 'sequential-thinking'] as const;
/** A word of {@link REFERENCE_SERVERS}. */
export type ReferenceServer = (typeof REFERENCE_SERVERS)[number];

/** What a plugin of a server has other than usual. */
export type McpPluginChange = Partial<Pick<McpPlugin['start'], 'args' | 'env'>> & { readonly name?: string };

/** Makes the plugin folder of a server below `root`, its manifest learnt from the server itself, and returns it. */
export async function makeMcpPlugin(
  root: string,
  server: ReferenceServer,
  { name = server.replace('-', '_'), args = [], env = {} }: McpPluginChange = {},
): Promise<string> {
  const dir = join(root, name);
  const from = `@modelcontextprotocol/server-${server}`;
  await mkdir(dir, { recursive: true });
  await copyPackage(from, dir);
  const about = JSON.parse(await readFile(join(dir, 'node_modules', from, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly description: string;
  };
  const main = `node_modules/${from}/dist/index.js`;
  const start = { main, args, env, granted: [] };
  const { version, description } = about;
  const { manifest } = await deriveMcpManifest(dir, {
    name,
    version,
    description,
    author: 'Tests',
    license: undefined,
    start,
  });
  await writeManifest(dir, manifest);
  return dir;
}

/** Writes the manifest of a plugin folder. */
export function writeManifest(dir: string, manifest: JsonObject): Promise<void> {
  return writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
}

/** Reads it. */
export async function readManifest(dir: string): Promise<JsonObject> {
  return JSON.parse(await readFile(join(dir, 'plugin.json'), 'utf8')) as JsonObject; // As it was written.
}
