/**
 * A plugin that failed its trial has told of no tools. The call that finds it mended is judged as every later one is.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

/** Loads once it remembers something, which it never does while it is tried, as what depends on something outside does. */
const SOURCE = `export default {
  async onLoad({ memory }: any) { if ((await memory.query()).length === 0) throw new Error('not mended'); },
  tools: [
    { name: 'add', description: 'Adds.', parameters: { type: 'object', required: ['a'] }, returns: { type: 'number' },
      requiredPermissions: ['books:write'], async execute() { return 'no number'; } },
  ],
};`;
const CALL = { plugin: 'mended', tool: 'add', params: { a: 1 } };

let host: Host;
let storage: Storage;
let folders: PluginFolders;
beforeEach(async () => {
  folders = await createPluginFolders();
  storage = createMemoryStorage();
  host = await openTestHost({ storage });
});
afterEach(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

/** Installs the plugin, which fails its trial, and mends what it failed for. */
async function installMended(): Promise<void> {
  const release = await host.install(await folders.write('mended', SOURCE));
  expect(release).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('not mended') as string });
  const at = { timestamp: new Date().toISOString(), source: 'test', content: 'mended', search_text: 'mended' };
  const owner = { tenant_id: 'default', plugin_name: 'mended' };
  await storage.addMemory(owner, { ...at, id: randomUUID(), tags: [], confidence: 1, related_artifacts: [] });
}

test('its first call needs the scopes of its tool', async () => {
  await installMended();
  const outcome = await host.call({ ...CALL, scopes: ['books:read'] });
  expect(outcome).toMatchObject({ error: { kind: 'denied', code: 'SCOPE_MISSING' } });
  expect(await host.call({ ...CALL, scopes: ['books:read'] })).toMatchObject({ error: { code: 'SCOPE_MISSING' } });
});

test('its first call is judged by the schema of its parameters', async () => {
  await installMended();
  expect(await host.call({ ...CALL, params: {} })).toMatchObject({ error: { code: 'PARAMS_INVALID' } });
});

test('what its first call returns is judged by the schema of its results', async () => {
  await installMended();
  expect(await host.call(CALL)).toMatchObject({ error: { kind: 'invalid_output', code: 'RESULT_INVALID' } });
});

test('a tool that it turns out not to have is not found', async () => {
  await installMended();
  expect(await host.call({ ...CALL, tool: 'subtract' })).toMatchObject({ error: { code: 'TOOL_NOT_FOUND' } });
});
