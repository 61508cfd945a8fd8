import { LIMITS } from '@bulkhead/protocol';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { CallRequest, StreamRequest } from './calls-api.ts';
import type { Host } from './host-api.ts';
import { MCP_SERVER } from './sandbox/stdio/stdio-fixture.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

let host: Host;
let storage: Storage;
let folders: PluginFolders;

beforeAll(async () => {
  folders = await createPluginFolders();
  storage = createMemoryStorage();
  host = await openTestHost({ storage });
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const ANY = "{ type: 'object' }";
const acme = { tenant: 'acme' } as const;
/** What evidence let in; an embedder asks for upgrades alone. */
const CANARY = { ...acme, version: '2.0.0', gate: 'none', kind: 'canary' } as const;

type Plan = {
  readonly before?: string;
  readonly after: string;
  readonly more?: readonly [before: string, after: string];
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly grant?: readonly string[];
  readonly move?: typeof CANARY | Omit<typeof CANARY, 'kind'>;
};

/** Moves acme to a release whose tool `say` has another body; `more` is what its definition has beside it. */
async function moved(name: string, plan: Plan): Promise<void> {
  const { before = "return 'old';", after, more = [ANY, ANY], manifest = {}, grant, move = CANARY } = plan;
  const bodies = [before, after];
  for (const [index, version] of ['1.0.0', '2.0.0'].entries()) {
    const tools = { say: bodies[index] ?? '', other: "return 'other';" };
    const dir = await folders.write(name, toolsSource(tools, { say: more[index] ?? ANY }), { ...manifest, version });
    await host.install(dir, { tenant: index === 0 ? 'acme' : 'bystander' });
  }
  if (grant !== undefined) await host.registrations.enable(name, { ...acme, grant });
  await host.registrations.upgrade(name, move);
}

const call = (plugin: string, request: Partial<CallRequest> = {}) =>
  host.call({ plugin, tool: 'say', ...acme, ...request });

/** `version outcome`, by release, once all of them are written. */
async function ledger(plugin: string, rowCount: number): Promise<readonly string[]> {
  const versionOf = new Map(
    host.registrations
      .releases(plugin, acme)
      .releases.map(({ digest, manifest }) => [digest as string, manifest.version]),
  );
  const rows = () => storage.listCalls({ plugin, ...acme, rowsMax: 1_000 });
  await expect.poll(async () => (await rows()).filter(({ ended_at }) => ended_at !== null)).toHaveLength(rowCount);
  return (await rows()).map(({ digest, outcome }) => `${versionOf.get(digest ?? '')} ${outcome}`).toSorted();
}

const NARROW = "{ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }";
const TEXT = "{ type: 'object' }, returns: { type: 'string' }";

test.each<readonly [string, Plan, string]>([
  ['throws', { after: "throw new Error('new');" }, 'tool_error'],
  ['ends its process', { after: 'process.exit(3);' }, 'crashed'],
  ['hangs', { after: 'await new Promise(() => {});', manifest: { limits: { timeout_ms: 2_000 } } }, 'timeout'],
  ['answers what its schema forbids', { after: 'return 7;', more: [ANY, TEXT] }, 'invalid_output'],
  ['takes fewer parameters', { after: "return 'new';", more: [ANY, NARROW] }, 'invalid_input'],
])('what a release on probation fails since it %s is served by the one before', async (how, plan, outcome) => {
  const name = `p-${how.replaceAll(' ', '-')}`;
  await moved(name, plan);
  const rows = host.registrations.of('acme');
  const before = host.registrations.releases(name, acme).releases.find(({ manifest }) => manifest.version === '1.0.0');
  const answer = await call(name);
  expect(answer).toMatchObject({ ok: true, value: 'old', call: { version: '1.0.0', digest: before?.digest } });
  expect(await ledger(name, 2)).toEqual(['1.0.0 ok', `2.0.0 ${outcome}`]);
  const counted = await storage.countCalls({ plugin: name, tenant: 'acme', since: new Date(0).toISOString() });
  expect(counted).toContainEqual({ digest: before?.digest, outcome: 'ok', calls: 1 });
  expect(host.registrations.of('acme')).toEqual(rows);
  const page = await host.metrics();
  expect(page).toContain(`calls_second_chance_total{plugin="${name}",outcome="served"} 1`);
  expect(page).toContain(`calls_second_chance_total{plugin="${name}",outcome="failed"} 0`);
});

test('a tool that the new release no longer has is served by the one before', async () => {
  await moved('removed', { after: "return 'new';" });
  const dir = await folders.write('removed', toolsSource({ another: "return 'new';" }), { version: '3.0.0' });
  await host.install(dir, { tenant: 'bystander' });
  await host.registrations.upgrade('removed', { ...CANARY, version: '3.0.0' });
  expect(await call('removed')).toMatchObject({ ok: true, value: 'new', call: { version: '2.0.0' } });
  expect(await ledger('removed', 2)).toEqual(['2.0.0 ok', '3.0.0 not_found']);
});

test('health is that of the new release, with its errors', async () => {
  await moved('told', { after: "throw new Error('new and broken');" });
  await call('told');
  const view = { scope: 'acme', showThrownText: true };
  expect(host.health('told', view)).toMatchObject({ state: 'FAILED', error_count: 1, version: '2.0.0' });
  expect(host.health('told', view)?.reason).toContain('new and broken');
  expect(host.plugins(view).find(({ name }) => name === 'told')).toMatchObject({ state: 'FAILED', version: '2.0.0' });
});

test('a new release that answers is never second-guessed, and a failure is the same where no move is on probation', async () => {
  await moved('answers', { after: "return 'new';" });
  expect(await call('answers')).toMatchObject({ ok: true, value: 'new', call: { version: '2.0.0' } });
  expect(await ledger('answers', 1)).toEqual(['2.0.0 ok']);
  const { kind: _kind, ...upgrade } = CANARY;
  await moved('plain', { after: "throw new Error('new');", move: upgrade });
  expect(await call('plain')).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' }, call: { version: '2.0.0' } });
  expect(await ledger('plain', 1)).toEqual(['2.0.0 tool_error']);
});

test('the release before is brought up where it is not on this host, and is not shown for that', async () => {
  const kept = { ...createMemoryStorage(), close: async () => undefined };
  const open = () => openTestHost({ storage: kept, dataDir: join(folders.root, 'data') });
  const previous = host;
  host = await open();
  await moved('absent', { after: "throw new Error('new');" });
  await host.close();
  host = await open(); // It brings up what a registration names, and no other.
  expect(await call('absent')).toMatchObject({ ok: true, value: 'old', call: { version: '1.0.0' } });
  expect(host.health('absent', { scope: 'acme', showThrownText: true })).toMatchObject({ version: '2.0.0' });
  expect(host.health('absent')).toMatchObject({ version: '2.0.0', state: 'FAILED' });
  await host.close();
  host = previous;
});

test('after probation there is no second chance', async () => {
  await moved('late', { after: "throw new Error('new');" });
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + LIMITS.probation_ms.value);
  expect(await call('late')).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' } });
});

test('where the release before does no better the caller is told how the new one failed, and the ledger has both', async () => {
  await moved('both', { before: 'process.exit(3);', after: "throw new Error('new');" });
  const answer = await call('both');
  expect(answer).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW', message: expect.stringContaining('new') } });
  expect(answer.call.version).toBe('2.0.0');
  expect(await ledger('both', 2)).toEqual(['1.0.0 crashed', '2.0.0 tool_error']);
  const rows = await storage.listCalls({ plugin: 'both', rowsMax: 9 });
  expect(rows.find(({ call_id }) => call_id === answer.call.call_id)).toMatchObject({ outcome: 'tool_error' });
  expect(await host.metrics()).toContain('calls_second_chance_total{plugin="both",outcome="failed"} 1');
});

test('what may have used a grant is repeated where its tool is idempotent, and else not', async () => {
  const granted = { manifest: { required_permissions: ['temp_dir'] }, grant: ['temp_dir'] };
  const after = "throw new Error('new');";
  await moved('granted', { ...granted, after });
  expect(await call('granted')).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' } });
  expect(await ledger('granted', 1)).toEqual(['2.0.0 tool_error']);
  const idempotent = `${ANY}, idempotent: true`;
  await moved('repeats', { ...granted, after, more: [idempotent, idempotent] });
  expect(await call('repeats')).toMatchObject({ ok: true, value: 'old' });
  await moved('refuses', { ...granted, after: "return 'new';", more: [ANY, NARROW] });
  expect(await call('refuses')).toMatchObject({ ok: true, value: 'old' });
});

test('the release before has what it was granted, although the new one no longer asks for it', async () => {
  const name = 'had';
  const before = 'return typeof context.tempDir;';
  const write = async (version: string, body: string, required_permissions: readonly string[]): Promise<string> =>
    folders.write(name, toolsSource({ say: body }), { version, required_permissions });
  await host.install(await write('1.0.0', before, ['temp_dir']), acme);
  await host.registrations.enable(name, { ...acme, grant: ['temp_dir'] });
  await host.install(await write('2.0.0', "throw new Error('new');", []), { tenant: 'bystander' });
  await host.registrations.upgrade(name, CANARY);
  expect(host.registrations.of('acme').find(({ plugin_name }) => plugin_name === name)).toMatchObject({
    granted_permissions: [],
  });
  expect(await call(name)).toMatchObject({ ok: true, value: 'string', call: { version: '1.0.0' } });
});

test('what would hear the same events beside the release that the tenant runs does not stand in for it', async () => {
  const hears = { manifest: { required_permissions: ['events'] }, grant: ['events'] };
  await moved('hears', { ...hears, after: "return 'new';", more: [ANY, NARROW] });
  expect(await call('hears')).toMatchObject({
    ok: false,
    error: { code: 'PARAMS_INVALID' },
    call: { version: '2.0.0' },
  });
  expect(await ledger('hears', 1)).toEqual(['2.0.0 invalid_input']);
});

test('an MCP server that keeps state does not stand in, since one process at a time has it', async () => {
  const write = async (version: string, scope: string, tool: string): Promise<string> => {
    const main = `import { serve } from './server.mjs'; serve({ ${tool}: () => 'said' });`;
    const tools = [{ name: tool, mcp_name: tool, description: tool, parameters: { type: 'object' } }];
    const manifest = { driver: 'stdio', main: 'main.mjs', mcp: { tools }, sandbox: { scope }, version };
    const dir = await folders.write(`mcp-${scope}`, main, manifest);
    await writeFile(join(dir, 'main.mjs'), main);
    await writeFile(join(dir, 'server.mjs'), MCP_SERVER);
    return dir;
  };
  const previous = host;
  host = await openTestHost({ tierMax: 'jail' });
  for (const scope of ['tenant', 'call']) {
    await host.install(await write('1.0.0', scope, 'say'), acme);
    await host.install(await write('2.0.0', scope, 'another'), { tenant: 'bystander' });
    await host.registrations.upgrade(`mcp-${scope}`, { ...CANARY, grant: [] });
  }
  expect(await call('mcp-tenant')).toMatchObject({ ok: false, error: { code: 'TOOL_NOT_FOUND' } });
  expect(await call('mcp-call')).toMatchObject({ ok: true, call: { version: '1.0.0' } });
  await host.close();
  host = previous;
});

test('a call whose reader has a piece of the result is not repeated', async () => {
  const source = (yielded: string, after: string): string => `export default { tools: [{ name: 'say', description: 'd',
    parameters: { type: 'object' }, execute: async function* () { yield '${yielded}'; ${after} } }] };`;
  const one = await folders.write('pieces', source('old', ''), { version: '1.0.0' });
  await host.install(one, acme);
  const two = await folders.write('pieces', source('new', "throw new Error('half way');"), { version: '2.0.0' });
  await host.install(two, { tenant: 'bystander' });
  await host.registrations.upgrade('pieces', CANARY);
  const request: StreamRequest = { plugin: 'pieces', tool: 'say', ...acme };
  const stream = host.stream(request);
  const pieces: unknown[] = [];
  for await (const piece of stream) pieces.push(piece);
  expect(pieces).toEqual(['new']);
  expect(await stream.outcome).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' } });
  expect(await ledger('pieces', 1)).toEqual(['2.0.0 tool_error']);
});

test('the caller’s own deadline holds for both attempts', async () => {
  await moved('deadline', { after: 'await new Promise(() => {});' });
  await call('deadline', { tool: 'other' }); // Its guest is there, so that the deadline is the tool's.
  const answer = await call('deadline', { timeoutMs: 200 });
  expect(answer).toMatchObject({ ok: false, error: { code: 'CALL_TIMEOUT' }, call: { version: '2.0.0' } });
  expect(await ledger('deadline', 2)).toEqual(['2.0.0 ok', '2.0.0 timeout']);
});

test('a key is answered again what its caller was answered', async () => {
  await moved('keyed', { before: 'return Math.random();', after: "throw new Error('new');" });
  const first = await call('keyed', { idempotencyKey: 'k' });
  expect(first).toMatchObject({ ok: true, call: { version: '1.0.0' } });
  expect(await call('keyed', { idempotencyKey: 'k' })).toEqual(first);
  expect(await ledger('keyed', 2)).toEqual(['1.0.0 ok', '2.0.0 tool_error']);
});

test('a key is not free again where the release before reached its tool and failed', async () => {
  await moved('spent', { before: "throw new Error('old');", after: "return 'new';", more: [ANY, NARROW] });
  const first = await call('spent', { idempotencyKey: 'k' });
  expect(first).toMatchObject({ ok: false, error: { code: 'PARAMS_INVALID' } });
  expect(await call('spent', { idempotencyKey: 'k' })).toEqual(first);
  expect(await ledger('spent', 2)).toEqual(['1.0.0 tool_error', '2.0.0 invalid_input']);
});

test('of many calls at once to a release that always dies every one is served', async () => {
  await moved('burst', { after: 'process.exit(3);' });
  const answers = await Promise.all(Array.from({ length: 50 }, () => call('burst')));
  expect(answers.map((answer) => (answer.ok ? answer.value : answer.error.code))).toEqual(Array(50).fill('old'));
  await expect.poll(() => host.registrations.releases('burst', acme).current).toBe('1.0.0');
  expect(await call('burst')).toMatchObject({ ok: true, value: 'old' });
  const state = () => host.health('burst', { scope: 'acme', showThrownText: true })?.state;
  await expect.poll(state).toBe('INITIALIZED'); // Once the last of the new release has ended.
  const rows = () => storage.listCalls({ plugin: 'burst', rowsMax: 1_000 });
  await expect.poll(async () => (await rows()).filter(({ outcome }) => outcome === 'ok')).toHaveLength(51);
  expect(new Set((await rows()).filter(({ outcome }) => outcome === 'ok').map(({ digest }) => digest)).size).toBe(1);
});

test('hooks that watch for errors hear what the caller is told, and no more', async () => {
  const watching = await openTestHost();
  const heard = 'globalThis.heard = [...(globalThis.heard ?? []), data.plugin];';
  const source = `export default { hooks: { async on_error(data: any) { ${heard} } }, tools: [
    { name: 'heard', description: 'd', parameters: { type: 'object' }, execute: async () => (globalThis as any).heard ?? [] }] };`;
  await watching.install(
    await folders.write('watcher', source.replaceAll('globalThis.heard', '(globalThis as any).heard'), {
      hooks: ['on_error'],
    }),
    acme,
  );
  const previous = host;
  host = watching;
  await moved('unheard', { after: "throw new Error('new');" });
  await moved('heard', { before: "throw new Error('old');", after: "throw new Error('new');" });
  expect([(await call('unheard')).ok, (await call('heard')).ok]).toEqual([true, false]);
  await expect.poll(async () => await call('watcher', { tool: 'heard' })).toMatchObject({ value: ['heard'] });
  host = previous;
  await watching.close();
});
