import { expect, test } from 'vitest';
import type { Inspector } from './debug/inspector.ts';
import { createDebugHost } from './debug-host.ts';
import { createHost } from './host.ts';
import { makePluginFolder } from './source/plugin-folder.fixture.ts';

const SLOW = `export default { tools: [{ name: 'slow', description: 'x', parameters: { type: 'object' },
  execute: () => new Promise((done) => setTimeout(() => done('late'), 300)) }] };`;
const MANIFEST = { name: 'slow', version: '1.0.0', description: 'x', author: 'x', limits: { timeout_ms: 100 } };

test('a debug host’s receipt says so, its instances have an inspector, and the plugin’s time limit does not hold', async () => {
  await using plugin = await makePluginFolder({ 'main.js': SLOW, 'plugin.json': MANIFEST });
  const inspectors: Inspector[] = [];
  await using debugged = await createDebugHost({ dir: plugin.dir, onInspector: (one) => inspectors.push(one) });
  const { host, start } = debugged;
  expect(host.receipt).toMatchObject({ debug: true });
  await host.install(plugin.dir);
  start('slow');
  await expect.poll(() => inspectors).toHaveLength(2);
  expect(await host.call({ plugin: 'slow', tool: 'slow' })).toMatchObject({
    ok: true,
    value: 'late',
    call: { instance_id: inspectors[1]?.instanceId },
  });
});

test('any other host’s receipt does not say debug, and the time limit holds', async () => {
  await using plugin = await makePluginFolder({ 'main.js': SLOW, 'plugin.json': MANIFEST });
  await using host = await createHost();
  expect(host.receipt).not.toHaveProperty('debug');
  await host.install(plugin.dir);
  expect(await host.call({ plugin: 'slow', tool: 'slow' })).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
});
