/**
 * An MCP server whose tools are more than a manifest holds: made a plugin, installed from its folder and from an archive, called.
 */
import { isJsonObject, LIMITS } from '@bulkhead/protocol';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import { deriveMcpManifest, type McpManifest, type McpPlugin } from './mcp-plugin.ts';
import { packPlugin } from './pack.ts';
import { MCP_SERVER } from './sandbox/stdio/stdio-fixture.ts';

const COUNT = LIMITS.tools.value;

/** Lists so many tools, with descriptions of so many characters. */
function serverOf(count: number, characters: number): string {
  return `import { serve } from './server.mjs';
const names = Array.from({ length: ${count} }, (_, index) => 'tool_' + index);
const list = names.map((name) => ({ name, description: name + ' '.padEnd(${characters}, 'x'), inputSchema: { type: 'object' } }));
serve(Object.fromEntries(names.map((name) => [name, () => name])), { list });`;
}

const PLUGIN: McpPlugin = {
  ...{ name: 'many', version: '1.0.0', description: 'Many tools.', author: 'Tests', license: 'MIT' },
  start: { main: 'main.mjs', args: [], env: {}, granted: [] },
};

let folders: PluginFolders;
beforeAll(async () => {
  folders = await createPluginFolders();
});
afterAll(() => folders[Symbol.asyncDispose]());

async function makeServer(name: string, main: string): Promise<string> {
  const dir = await folders.write(name, '');
  for (const made of ['main.ts', 'plugin.json']) await rm(join(dir, made));
  await writeFile(join(dir, 'main.mjs'), main);
  await writeFile(join(dir, 'server.mjs'), MCP_SERVER);
  return dir;
}

async function derive(dir: string): Promise<McpManifest> {
  const derived = await deriveMcpManifest(dir, PLUGIN);
  for (const [path, text] of Object.entries(derived.files)) await writeFile(join(dir, path), text);
  return derived;
}

test('its tools are pinned in a file of their own, and it runs from its folder and from an archive', async () => {
  const dir = await makeServer('many', serverOf(COUNT, 1_000));
  const { files, manifest } = await derive(dir);
  expect(Object.keys(files)).toEqual(['plugin.json', 'plugin.tools.json']);
  expect(isJsonObject(manifest['mcp']) && manifest['mcp']['tools']).toHaveLength(COUNT);
  expect(JSON.parse(await readFile(join(dir, 'plugin.json'), 'utf8'))).toMatchObject({ mcp: {} });
  const last = `tool_${COUNT - 1}`;
  const { bytes } = await packPlugin(dir, { isPublished: false });
  const archive = join(folders.root, 'many.tgz');
  await writeFile(archive, bytes);
  const digests: unknown[] = [];
  for (const from of [dir, archive]) {
    await using host = await openTestHost({ tierMax: 'jail', minTier: 'confined' });
    digests.push((await host.install(from)).digest);
    expect(host.tools('default')).toHaveLength(COUNT);
    expect(await host.call({ plugin: 'many', tool: last })).toMatchObject({ ok: true, value: { value: last } });
  }
  expect(new Set(digests).size).toBe(1);
});

test('a server with few tools has one file, and one with too many is refused with what to do', async () => {
  const few = await derive(await makeServer('few', serverOf(3, 10)));
  expect(Object.keys(few.files)).toEqual(['plugin.json']);
  const dir = await makeServer('huge', serverOf(COUNT, 5_000));
  await expect(deriveMcpManifest(dir, PLUGIN)).rejects.toMatchObject({
    code: 'MANIFEST_INVALID',
    message: expect.stringContaining(`at most ${LIMITS.mcp_tools_bytes.value} are pinned`) as string,
  });
});
