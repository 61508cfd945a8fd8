import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import { createFailingStorage, type FailingStorage } from './storage/failing.ts';
import { HostError } from './base/host-error.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

let host: Host;
let storage: FailingStorage;
let folders: PluginFolders;
let refusesCalls: boolean;

beforeEach(async () => {
  folders = await createPluginFolders();
  refusesCalls = false;
  const memory = createMemoryStorage();
  const write: Storage['putCalls'] = async (rows) => {
    if (refusesCalls) throw new HostError('STORAGE_UNAVAILABLE', { details: { isRefused: true } });
    return memory.putCalls(rows);
  };
  storage = createFailingStorage({ ...memory, addCalls: write, putCalls: write });
  host = await openTestHost({ storage, grants: { gate: ['gate'] } });
  const schema = "{ type: 'object', properties: { word: { type: 'string' } }, required: ['word'] }";
  await host.install(
    await folders.write('echo', toolsSource({ say: 'return { said: params.word };' }, { say: schema })),
  );
});

afterEach(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

function hookSource(hooks: Readonly<Record<string, string>>): string {
  const members = Object.entries(hooks).map(([name, body]) => `async ${name}(data: any) { ${body} }`);
  return `export default { hooks: { ${members.join(', ')} } };`;
}

const say = (word: unknown = 'hello'): Promise<unknown> => host.call({ plugin: 'echo', tool: 'say', params: { word } });

test('a hook before a call may change its parameters [F003-21][F003-23][X003-2]', async () => {
  const code = hookSource({
    before_tool_call: 'return { ...data, params: { word: data.params.word.toUpperCase() } };',
  });
  await host.install(await folders.write('shout', code, { hooks: ['before_tool_call'] }));
  expect(await say()).toMatchObject({ ok: true, value: { said: 'HELLO' } });
});

test('what a hook changed is judged by the same schema, and a wrong change counts as the hook’s failure', async () => {
  const code = hookSource({ before_tool_call: 'return { ...data, params: { word: 7 } };' });
  await host.install(await folders.write('broken', code, { hooks: ['before_tool_call'] }));
  expect(await say()).toMatchObject({ ok: true, value: { said: 'hello' } });
});

test('what a hook does to what it was given is seen by nobody: not by the caller, nor the next hook, nor the tool [X003-2]', async () => {
  const meddle = hookSource({ before_tool_call: "data.params.word = 'meddled'; throw new Error('no');" });
  const mark = hookSource({ before_tool_call: "return { ...data, params: { word: data.params.word + '!' } };" });
  await host.install(await folders.write('meddle', meddle, { hooks: ['before_tool_call'] }));
  await host.install(await folders.write('mark', mark, { hooks: ['before_tool_call'] }));
  const params = Object.freeze({ word: 'hello' });
  const outcome = await host.call({ plugin: 'echo', tool: 'say', params });
  expect(outcome).toMatchObject({ ok: true, value: { said: 'hello!' } });
  expect(params).toEqual({ word: 'hello' });
});

test('hooks are remembered for a tenant only while what it runs is the same', async () => {
  const shout = hookSource({
    before_tool_call: 'return { ...data, params: { word: data.params.word.toUpperCase() } };',
  });
  const said = async () => ((await say()) as { readonly value: unknown }).value;
  expect(await said()).toEqual({ said: 'hello' });
  await host.install(await folders.write('shout', shout, { hooks: ['before_tool_call'] }), { tenant: 'default' });
  expect(await said()).toEqual({ said: 'HELLO' });
  await host.registrations.disable('shout');
  expect(await said()).toEqual({ said: 'hello' });
  await host.registrations.enable('shout');
  expect(await said()).toEqual({ said: 'HELLO' });
});

test('a hook after a call may replace its value [F003-24]', async () => {
  const code = hookSource({
    before_tool_call: 'return data;',
    after_tool_call: "return { ...data, value: { said: '[redacted]' } };",
  });
  await host.install(await folders.write('redact', code, { hooks: ['before_tool_call', 'after_tool_call'] }));
  expect(await say()).toMatchObject({ ok: true, value: { said: '[redacted]' } });
});

test('a tool that streams is whole before a hook that may replace its value, and nobody reads a piece of it first [F003-24]', async () => {
  const tools = `export default { tools: [{ name: 'tell', description: 'Tells.', parameters: { type: 'object' },
    execute: async function* () { yield 'a secret'; yield 'more of it'; } }] };`;
  await host.install(await folders.write('teller', tools));
  const code = hookSource({
    before_tool_call: 'return data;',
    after_tool_call: "return { ...data, value: data.value.map(() => '[redacted]') };",
  });
  await host.install(await folders.write('redact', code, { hooks: ['before_tool_call', 'after_tool_call'] }));
  const stream = host.stream({ plugin: 'teller', tool: 'tell' });
  const pieces: unknown[] = [];
  for await (const piece of stream) pieces.push(piece);
  expect(pieces).toEqual([]);
  expect(await stream.outcome).toMatchObject({ ok: true, value: ['[redacted]', '[redacted]'] });
});

test('a plugin may handle one of both points alone: it is asked there, and nowhere else', async () => {
  const failed: unknown[] = [];
  const ignore = (): void => undefined;
  const log = { debug: ignore, info: ignore, error: ignore, warn: (fields: object) => void failed.push(fields) };
  await using other = await openTestHost({ log });
  await other.install(await folders.write('echo', toolsSource({ say: 'return params;' })));
  const after = hookSource({ after_tool_call: 'return { ...data, value: { ...data.value, after: true } };' });
  await other.install(await folders.write('behind', after, { hooks: ['after_tool_call'] }));
  const before = hookSource({ before_tool_call: 'return { ...data, params: { ...data.params, before: true } };' });
  await other.install(await folders.write('ahead', before, { hooks: ['before_tool_call'] }));
  const outcome = await other.call({ plugin: 'echo', tool: 'say', params: { word: 'x' } });
  expect(outcome).toMatchObject({ ok: true, value: { word: 'x', before: true, after: true } });
  expect(failed).toEqual([]);
});

test('a gate refuses with its reason, and the plugin behind it never runs', async () => {
  const code = hookSource({ before_tool_call: "return { veto: 'not on a Sunday' };" });
  await host.install(await folders.write('gate', code, { hooks: ['before_tool_call'] }));
  expect(await say()).toMatchObject({
    ok: false,
    error: { kind: 'denied', code: 'HOOK_VETOED', message: expect.stringContaining('not on a Sunday') as string },
  });
  expect(host.health('echo')).toMatchObject({ success_count: 0, error_count: 0 });
});

test('a gate that dies refuses the call and is named', async () => {
  const code = hookSource({ before_tool_call: 'process.exit(1);' });
  await host.install(await folders.write('gate', code, { hooks: ['before_tool_call'] }));
  expect(await say()).toMatchObject({
    ok: false,
    error: { kind: 'denied', code: 'HOOK_FAILED', message: expect.stringContaining('"gate"') as string },
  });
});

test('an observer that dies changes nothing', async () => {
  const code = hookSource({ before_tool_call: 'process.exit(1);' });
  await host.install(await folders.write('clumsy', code, { hooks: ['before_tool_call'] }));
  expect(await say()).toMatchObject({ ok: true, value: { said: 'hello' } });
});

test('a storage that is away changes no answer, and hears of the calls once it is back', async () => {
  storage.fail();
  expect(await say()).toMatchObject({ ok: true });
  expect(host.plugins()).toMatchObject([{ name: 'echo', state: 'INITIALIZED' }]);
  storage.mend();
  const ended = async (): Promise<unknown> => (await storage.listCalls({ plugin: 'echo', rowsMax: 10 })).at(0);
  await expect.poll(ended, { timeout: 5_000 }).toMatchObject({ outcome: 'ok' });
  expect(await host.metrics()).not.toMatch(/record_failures_total\{part="ledger"\} [1-9]/);
});

test('what a storage refuses changes no answer, and the loss is counted', async () => {
  refusesCalls = true;
  expect(await say()).toMatchObject({ ok: true });
  await expect.poll(() => host.metrics()).toMatch(/record_failures_total\{part="ledger"\} [1-9]/);
});

test('a strict ledger holds a call back whose start cannot be stored', async () => {
  await host.install(await folders.write('strict', toolsSource({ go: 'return 1;' }), { ledger: 'strict' }));
  expect(await host.call({ plugin: 'strict', tool: 'go' })).toMatchObject({ ok: true });
  storage.fail();
  expect(await host.call({ plugin: 'strict', tool: 'go' })).toMatchObject({
    ok: false,
    error: { kind: 'unavailable', code: 'STORAGE_UNAVAILABLE' },
  });
});

test('closing answers what is in flight with host_restart, and closing again is nothing', async () => {
  await host.install(await folders.write('slow', toolsSource({ wait: 'await new Promise(() => {});' })));
  const inFlight = host.call({ plugin: 'slow', tool: 'wait' });
  await expect.poll(() => host.health('slow')?.state).toBe('RUNNING');
  await host.close();
  expect(await inFlight).toMatchObject({ ok: false, error: { kind: 'host_restart', code: 'HOST_CLOSED' } });
  await host.close();
});

test('the ledger keeps how each call ended', async () => {
  await say();
  await say(7);
  await expect
    .poll(async () => new Set((await storage.listCalls({ plugin: 'echo', rowsMax: 10 })).map((row) => row.outcome)))
    .toEqual(new Set(['invalid_input', 'ok']));
});

test('a call that lasts is in the ledger as begun, and what a killed host left there is host_restart at its next start', async () => {
  await using place = await createPluginFolders();
  const dataDir = join(place.root, 'data');
  const kept = createMemoryStorage();
  const lasting = { ...kept, close: async () => undefined };
  const rows = async (): Promise<unknown> =>
    (await kept.listCalls({ plugin: 'slow', rowsMax: 10 })).map(({ outcome, code }) => [outcome, code]);
  const first = await openTestHost({ dataDir, storage: lasting });
  await first.install(await place.write('slow', toolsSource({ wait: 'await new Promise(() => {});' })));
  const lost = first.call({ plugin: 'slow', tool: 'wait' });
  await expect.poll(rows).toEqual([[null, null]]);
  // The end of a host that is closed is known; that of one that is killed is not, as here for want of a storage.
  const begun = await kept.listCalls({ plugin: 'slow', rowsMax: 1 });
  await first.close();
  await lost;
  expect(await rows()).toEqual([['host_restart', 'HOST_CLOSED']]);
  const killed = createMemoryStorage();
  await killed.putCalls(begun);
  await using second = await openTestHost({ dataDir, storage: killed });
  expect(second.plugins()).toEqual([]);
  expect(await killed.listCalls({ plugin: 'slow', rowsMax: 10 })).toMatchObject([
    { call_id: begun[0]?.call_id, outcome: 'host_restart', code: 'HOST_CLOSED', duration_ms: null },
  ]);
});
