import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createPluginFolders, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { MirroredCall } from './gate-api.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';
import type { Host } from './host-api.ts';
import type { HostParts } from './host/open-parts.ts';

let folders: PluginFolders;
let host: Host;
let parts: HostParts;

const CALC = `import { BasePlugin } from '@bulkhead/sdk';
export default class extends BasePlugin {
  tools = [
    { name: 'echo', description: 'echo', parameters: { type: 'object' }, idempotent: true },
    { name: 'fail', description: 'fail', parameters: { type: 'object' } },
  ];
  async execute(name: string, params: any) {
    return name === 'echo' ? { success: true, data: params } : { success: false, error: 'not today' };
  }
}`;

beforeAll(async () => {
  folders = await createPluginFolders();
  const opened = await openHost(resolveSettings({ spareCount: 0, tierMax: 'process' }));
  ({ host, parts } = opened);
  await host.install(await folders.write('calc', CALC));
  const asking = toolsSource({ ask: "return context.callTool('calc', 'echo', {})" });
  await host.install(await folders.write('asking', asking, { required_permissions: ['call:calc'] }), {
    grant: ['call:calc'],
  });
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

function openMirror(): MirroredCall[] {
  const taken: MirroredCall[] = [];
  const wanted = { plugin: 'calc', tenant: 'default', version: '1.0.0', share: 1 };
  onTestFinished(parts.mirror.open(wanted, (call) => void taken.push(call)));
  return taken;
}

const call = (tool: string, params: object = {}): ReturnType<Host['call']> =>
  host.call({ plugin: 'calc', tool, params });

test('live calls are mirrored as they were asked and answered, and counted', async () => {
  const taken = openMirror();
  const answered = await call('echo', { a: 1 });
  if (answered.ok) Object.assign(answered.value as object, { a: 'changed by whoever called' }); // It is what was asked.
  await call('fail');
  await call('nothing');
  await expect.poll(() => taken.length).toBe(2);
  expect(taken).toEqual([
    {
      ...{ tenant: 'default', tool: 'echo', params: { a: 1 }, isIdempotent: true },
      end: { ok: true, value: { a: 1 } },
    },
    {
      ...{ tenant: 'default', tool: 'fail', params: {}, isIdempotent: false },
      end: { ok: false, kind: 'tool_error', code: 'TOOL_REPORTED_ERROR' },
    },
  ]);
  expect(await host.metrics()).toMatch(/calls_mirrored_total\{outcome="taken"\} 2\n/);
});

test('calls that plugins make are not mirrored, nor runs of a harness', async () => {
  const taken = openMirror();
  expect(await host.call({ plugin: 'asking', tool: 'ask' })).toMatchObject({ ok: true, value: {} });
  await using harness = await host.openHarness({ plugin: 'calc', version: '1.0.0' });
  expect(await harness.run({ tool: 'echo' })).toMatchObject({ ok: true });
  await call('echo', { last: true });
  await expect.poll(() => taken.length).toBeGreaterThan(0);
  expect(taken).toMatchObject([{ params: { last: true } }]);
});
