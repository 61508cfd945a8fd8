import type { Outcome } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;

beforeAll(async () => {
  folders = await createPluginFolders();
  const source = toolsSource({ go: 'return 1;' });
  await folders.write('limited', source, { limits: { calls_per_second: 5 } });
  await folders.write('free', source);
});
afterAll(() => folders[Symbol.asyncDispose]());

const codeOf = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.error.code);

async function callTimes(host: Host, plugin: string, times: number, tenant = 'default'): Promise<readonly string[]> {
  const calls = Array.from({ length: times }, () => host.call({ plugin, tool: 'go', tenant }));
  return (await Promise.all(calls)).map(codeOf);
}

const refusedOf = (codes: readonly string[]): number => codes.filter((code) => code === 'PLUGIN_RATE_EXCEEDED').length;

test('a plugin is called as often as its manifest says, by each tenant, and what is beyond tells when to come again [X004-5][X004-9]', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/limited`);
  await host.install(`${folders.root}/free`);
  const codes = await callTimes(host, 'limited', 8);
  expect([codes.filter((code) => code === 'ok').length, refusedOf(codes)]).toEqual([5, 3]);
  expect(await host.call({ plugin: 'limited', tool: 'go', tenant: 'acme' })).toMatchObject({ ok: true });
  expect(refusedOf(await callTimes(host, 'free', 30))).toBe(0);
  expect(host.health('limited')).toMatchObject({ success_count: 6, error_count: 0, state: 'INITIALIZED' });
});

test('the refusal is over quota, with the limit and the time to wait [X004-5]', async () => {
  await using host = await openTestHost();
  await host.install(`${folders.root}/limited`);
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => host.call({ plugin: 'limited', tool: 'go' })));
  expect(outcomes.at(-1)).toMatchObject({
    ok: false,
    error: {
      kind: 'over_quota',
      code: 'PLUGIN_RATE_EXCEEDED',
      message: 'plugin "limited" takes 5 calls a second of a tenant',
      retryable: true,
      retry_after_ms: expect.any(Number),
      limit: { name: 'calls_per_second', allowed: 5, unit: 'calls' },
    },
  });
});

test('the operator lowers what a manifest says, and limits what says nothing [X004-5]', async () => {
  await using host = await openTestHost({ pluginCallsPerSecond: 2 });
  await host.install(`${folders.root}/limited`);
  await host.install(`${folders.root}/free`);
  expect(refusedOf(await callTimes(host, 'limited', 8))).toBe(6);
  expect(refusedOf(await callTimes(host, 'free', 8))).toBe(6);
});
