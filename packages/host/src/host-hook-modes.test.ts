/**
 * Hooks of real plugins by mode, order, policy and what the operator rules, around real calls.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HookRule } from './hooks/declared-hook.ts';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { Log } from './base/log.ts';

let host: Host;
let folders: PluginFolders;
let failures: unknown[];
const rules: Record<string, HookRule> = {};

beforeEach(async () => {
  folders = await createPluginFolders();
  failures = [];
  for (const name of Object.keys(rules)) delete rules[name];
  const ignore = (): void => undefined;
  const log: Log = { debug: ignore, info: ignore, error: ignore, warn: (fields) => void failures.push(fields) };
  const grants = { gate_a: ['gate'], gate_b: ['gate'], gate_c: ['gate'] };
  host = await openTestHost({ log, grants, hooks: rules });
  await host.install(
    await folders.write('echo', toolsSource({ say: 'return { said: params.word };', fail: 'throw new Error("no");' })),
  );
});

afterEach(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

type Hooks = Readonly<Record<string, string>>;

/** Installs a plugin that handles hooks; `module` stands before them. */
async function install(name: string, hooks: Hooks, hook_options: object = {}, module = ''): Promise<void> {
  const members = Object.entries(hooks).map(
    ([hook, body]) => `async ${hook}(data: any, context: any) { if (data.tool === 'seen') return; ${body} }`,
  );
  const tools = `tools: [{ name: 'seen', description: 'What it saw.', parameters: { type: 'object' }, execute: () => seen }]`;
  const code = `const seen: any[] = []; ${module} export default { hooks: { ${members.join(', ')} }, ${tools} };`;
  const release = await host.install(await folders.write(name, code, { hooks: Object.keys(hooks), hook_options }));
  expect(release).toMatchObject({ state: 'INITIALIZED' });
}

const say = (tool = 'say', tenant = 'default') =>
  host.call({ plugin: 'echo', tool, params: { word: 'hello' }, tenant });
const seenBy = async (plugin: string, tenant = 'default'): Promise<unknown> => {
  const outcome = await host.call({ plugin, tool: 'seen', tenant });
  return outcome.ok ? outcome.value : outcome.error;
};

test('an observer that never answers costs the call nothing but its telling', async () => {
  const modes = { before_tool_call: 'observe' };
  await install('watch', { before_tool_call: 'await new Promise(() => {});' }, { modes });
  const outcomes = await Promise.all([say(), say(), say()]);
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true]);
  expect(failures).toEqual([]); // Each was answered before its observer was given up.
  const late = { point: 'before_tool_call', plugin: 'watch', reason: 'it did not answer within 2000 ms' };
  await expect.poll(() => failures).toEqual([late, late, late]);
});

test('of several gates any may refuse, and the plugin behind them never runs', async () => {
  await install('gate_a', { before_tool_call: '' }, { modes: { before_tool_call: 'gate' } });
  await install(
    'gate_b',
    { before_tool_call: "return { veto: 'not today' };" },
    { modes: { before_tool_call: 'gate' } },
  );
  expect(await say()).toMatchObject({
    ok: false,
    error: { code: 'HOOK_VETOED', message: 'the hook of plugin "gate_b" refused the call: not today' },
  });
  expect(host.health('echo')).toMatchObject({ success_count: 0 });
});

test('what a gate or an observer answers changes nothing', async () => {
  const change = "return { ...data, params: { word: 'changed' } };";
  await install('gate_a', { before_tool_call: change }, { modes: { before_tool_call: 'gate' } });
  const modes = { before_tool_call: 'observe', after_tool_call: 'observe' };
  await install('watch', { before_tool_call: change, after_tool_call: "return { value: 'changed' };" }, { modes });
  expect(await say()).toMatchObject({ ok: true, value: { said: 'hello' } });
});

test('priority comes before the order of registration, and the operator’s before the plugin’s [X003-2]', async () => {
  const append = (letter: string): string => `return { ...data, params: { word: data.params.word + '${letter}' } };`;
  await install('first', { before_tool_call: append('1') });
  await install('second', { before_tool_call: append('2') }, { priority: -1 });
  await install('third', { before_tool_call: append('3') });
  expect(await say()).toMatchObject({ value: { said: 'hello213' } });
  rules['third'] = { priority: -10 };
  expect(await say()).toMatchObject({ value: { said: 'hello321' } });
});

test('a tenant’s own hook comes after those for all, and no other tenant meets it [X003-2]', async () => {
  const append = (letter: string): string => `return { ...data, params: { word: data.params.word + '${letter}' } };`;
  const own = `export default { hooks: { before_tool_call(data: any) { ${append('t')} } } };`;
  await host.install(await folders.write('own', own, { hooks: ['before_tool_call'] }), { tenant: 'acme' });
  await install('all', { before_tool_call: append('a') });
  expect(await say('say', 'acme')).toMatchObject({ value: { said: 'helloat' } });
  expect(await say()).toMatchObject({ value: { said: 'helloa' } });
  await host.registrations.disable('own', { tenant: 'acme' });
  expect(await say('say', 'acme')).toMatchObject({ value: { said: 'helloa' } });
});

test('a hook cannot make the next one run for another tenant, nor change what the call is about', async () => {
  await install('forger', { before_tool_call: "return { ...data, tenant: 'acme', tool: 'other', call_id: 'mine' };" });
  await install('watch', { before_tool_call: 'seen.push([context.tenantId, data.tenant, data.tool]);' });
  expect(await say()).toMatchObject({ ok: true });
  expect(await seenBy('watch')).toEqual([['default', 'default', 'say']]);
});

test('what the operator cannot do without must answer, and what it can stops nothing', async () => {
  await install('audit', { before_tool_call: 'process.exit(1);' }, { modes: { before_tool_call: 'observe' } });
  await install('gate_a', { before_tool_call: 'process.exit(1);' });
  rules['audit'] = { failure: 'fail_closed' };
  rules['gate_a'] = { failure: 'fail_open' };
  expect(await say()).toMatchObject({ ok: false, error: { code: 'HOOK_FAILED', kind: 'denied' } });
  rules['audit'] = { failure: 'fail_open' };
  expect(await say()).toMatchObject({ ok: true });
});

test('a hook is killed at the time that its manifest gives it', async () => {
  await install('gate_a', { before_tool_call: 'for (;;);' }, { timeout_ms: 150, modes: { before_tool_call: 'gate' } });
  const outcome = await say();
  const message = 'the gate hook of plugin "gate_a" failed: it did not answer within 150 ms';
  expect(outcome).toMatchObject({ ok: false, error: { code: 'HOOK_FAILED', message } });
});

test('who watches for errors hears of each, with what was called, and nobody waits for it [F003-25]', async () => {
  await install('watch', {
    on_error: 'seen.push([data.tool, data.params, data.error.code]); await new Promise(() => {});',
  });
  expect(await say()).toMatchObject({ ok: true });
  expect(await say('fail')).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' } });
  expect(await say('nothing')).toMatchObject({ ok: false, error: { code: 'TOOL_NOT_FOUND' } });
  await expect
    .poll(() => seenBy('watch'))
    .toEqual([
      ['fail', { word: 'hello' }, 'PLUGIN_THREW'],
      ['nothing', { word: 'hello' }, 'TOOL_NOT_FOUND'],
    ]);
});

test('a hook that dies is there again before the next call', async () => {
  await install('clumsy', { before_tool_call: "if (data.params.word === 'hello') process.exit(1); seen.push(1);" });
  expect(await say()).toMatchObject({ ok: true });
  const serving = async (): Promise<number> =>
    (await host.debug('clumsy', { tenant: 'default', isPlatform: true })).instances.length;
  await expect.poll(serving).toBe(1);
  expect(await host.call({ plugin: 'echo', tool: 'say', params: { word: 'other' } })).toMatchObject({ ok: true });
  expect(await seenBy('clumsy')).toEqual([1]);
});
