import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;
let host: Host;

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost({ idleTimeoutMs: 100 });
  const source = toolsSource({
    answer: 'return 42;',
    wait: 'await new Promise((resolve) => setTimeout(resolve, 500)); return "waited";',
  });
  await host.install(await folders.write('sleeper', source));
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

async function guests(): Promise<number> {
  const counts = [...(await host.metrics()).matchAll(/^sandbox_guests\{state="(?:busy|idle)"\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

test('an instance that nobody calls stops, without a mark against the plugin, and the next call wakes another', async () => {
  const first = await host.call({ plugin: 'sleeper', tool: 'answer' });
  await expect.poll(guests).toBe(0);
  expect(host.health('sleeper')).toMatchObject({ state: 'INITIALIZED', error_count: 0, breaker: 'closed' });
  const second = await host.call({ plugin: 'sleeper', tool: 'answer' });
  expect(second).toMatchObject({ ok: true, value: 42 });
  expect(second.call.instance_id).not.toBe(first.call.instance_id);
});

test('an instance that serves a call longer than that is not idle', async () => {
  expect(await host.call({ plugin: 'sleeper', tool: 'wait' })).toMatchObject({ ok: true, value: 'waited' });
});
