/**
 * What MCP servers keep for tenants, through whole hosts: it goes with its tenant, wherever it is.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import { createSharedStorage } from './host-nodes.fixture.ts';
import type { Host } from './host-api.ts';
import { MCP_SERVER } from './sandbox/stdio/stdio-fixture.ts';
import type { Storage } from './storage/port.ts';

const MAIN = `import fs from 'node:fs';
import { serve } from './server.mjs';
serve({
  note: ({ text }) => fs.appendFileSync('notes', text),
  notes: () => (fs.existsSync('notes') ? fs.readFileSync('notes', 'utf8') : ''),
});`;
const TOOLS = ['note', 'notes'].map((name) => ({
  name,
  mcp_name: name,
  description: name,
  parameters: { type: 'object' },
}));

let folders: PluginFolders;
let keeper: string;
beforeAll(async () => {
  folders = await createPluginFolders();
  keeper = await folders.write('keeper', MAIN, { driver: 'stdio', main: 'main.mjs', mcp: { tools: TOOLS } });
  await writeFile(join(keeper, 'main.mjs'), MAIN);
  await writeFile(join(keeper, 'server.mjs'), MCP_SERVER);
});
afterAll(() => folders[Symbol.asyncDispose]());

async function open(dataDir: string, storage?: Storage): Promise<Host> {
  await mkdir(dataDir, { recursive: true });
  const host = await openTestHost({ tenants: 'explicit', dataDir, tierMax: 'jail', ...(storage && { storage }) });
  await host.install(keeper);
  return host;
}

const call = async (host: Host, tenant: string, tool: string, params = {}): Promise<unknown> => {
  const outcome = await host.call({ plugin: 'keeper', tool, params, tenant });
  return outcome.ok ? (outcome.value as { value: unknown }).value : outcome.error;
};
const keptIn = (dataDir: string): Promise<readonly string[]> => readdir(join(dataDir, 'state/keeper')).catch(() => []);

test('with a tenant goes what servers kept for it, here and on other nodes, and that of others stays', async () => {
  const shared = createSharedStorage();
  const [here, there] = [join(folders.root, 'here'), join(folders.root, 'there')];
  await using one = await open(here, shared.ofNode());
  await using other = await open(there, shared.ofNode());
  const { id: gone } = await one.tenants.create({ name: 'gone' });
  const { id: stays } = await one.tenants.create({ name: 'stays' });
  await expect.poll(() => other.tenants.list().length).toBe(3);
  for (const host of [one, other])
    for (const tenant of [gone, stays]) expect(await call(host, tenant, 'note', { text: 'kept' })).toBeNull();
  expect(await keptIn(there)).toHaveLength(2);
  await one.tenants.remove(gone);
  for (const dataDir of [here, there]) await expect.poll(() => keptIn(dataDir)).toEqual([stays]);
  expect(await call(other, stays, 'notes')).toBe('kept');
});

test('what a tenant that went meanwhile had on a node goes when that starts again', async () => {
  const shared = createSharedStorage();
  const [here, there] = [join(folders.root, 'first'), join(folders.root, 'second')];
  await using one = await open(here, shared.ofNode());
  const { id: gone } = await one.tenants.create({ name: 'gone' });
  {
    await using other = await open(there, shared.ofNode());
    expect(await call(other, gone, 'note', { text: 'kept' })).toBeNull();
    await call(other, 'default', 'note', { text: 'kept' });
  }
  await one.tenants.remove(gone);
  expect(await keptIn(there)).toHaveLength(2);
  await using again = await open(there, shared.ofNode());
  expect(await keptIn(there)).toEqual(['default']);
  expect(await call(again, 'default', 'notes')).toBe('kept');
});
