import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import { createSharedStorage, type SharedStorage } from './host-nodes.fixture.ts';

let folders: PluginFolders;
let storage: SharedStorage;
let cleanup: AsyncDisposableStack;

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  folders = cleanup.use(await createPluginFolders());
  storage = createSharedStorage();
});
afterEach(() => cleanup.disposeAsync());

/** Starts a node: a host with artifacts of its own on the storage of all. */
async function startNode(options: HostOptions = {}): Promise<Host> {
  return cleanup.use(await openTestHost({ storage: storage.ofNode(), untrustedMinTier: 'process', ...options }));
}

const ANSWER = toolsSource({ answer: 'return context.config.answer;' });
const MANIFEST = { config: { answer: 42 } };
const CALL = { plugin: 'kept', tool: 'answer', tenant: 'acme' };
const FOR_ACME = { tenant: 'acme' };

/** Waits until a node has heard what another has installed for the tenant. */
async function hasHeard(node: Host): Promise<void> {
  await expect.poll(() => node.registrations.of('acme').length).toBe(1);
}

test('a plugin that one node installs is called on another, which has no folder of it', async () => {
  const [first, second] = [await startNode(), await startNode()];
  await first.install(await folders.write('kept', ANSWER, MANIFEST), FOR_ACME);
  await hasHeard(second);
  expect(await second.call(CALL)).toMatchObject({ ok: true, value: 42 });
  expect(second.registry.list()).toMatchObject([{ name: 'kept', state: 'INITIALIZED', version: '1.0.0' }]);
});

test('it is there before anybody calls it', async () => {
  const [first, second] = [await startNode(), await startNode()];
  await first.install(await folders.write('kept', ANSWER, MANIFEST), FOR_ACME);
  await expect.poll(() => second.tools('acme').map(({ name }) => name)).toEqual(['answer']);
});

test('disable, enable and config of one node hold on another, for guests that run, too', async () => {
  const [first, second] = [await startNode(), await startNode()];
  await first.install(await folders.write('kept', ANSWER, MANIFEST), FOR_ACME);
  await hasHeard(second);
  const before = await second.call(CALL);
  await first.registrations.configure('kept', { answer: 7 }, FOR_ACME);
  await expect.poll(() => second.call(CALL)).toMatchObject({ value: 7 });
  expect(await second.call(CALL)).toMatchObject({ call: { instance_id: before.call.instance_id } });
  await first.registrations.disable('kept', FOR_ACME);
  await expect.poll(() => second.call(CALL)).toMatchObject({ error: { code: 'PLUGIN_DISABLED' } });
  await first.registrations.enable('kept', FOR_ACME);
  await expect.poll(() => second.call(CALL)).toMatchObject({ value: 7 });
});

test('a plugin that one node takes out is gone on the other, and its name is free there', async () => {
  const [first, second] = [await startNode(), await startNode()];
  const dir = await folders.write('kept', ANSWER, MANIFEST);
  await first.install(dir, FOR_ACME);
  await hasHeard(second);
  expect(await second.call(CALL)).toMatchObject({ ok: true });
  await first.uninstall('kept');
  await expect.poll(() => second.plugins()).toEqual([]);
  expect(await second.call(CALL)).toMatchObject({ error: { code: 'PLUGIN_NOT_FOUND' } });
  const moved = await createPluginFolders();
  cleanup.use(moved);
  await second.install(await moved.write('kept', ANSWER, MANIFEST), FOR_ACME);
  expect(await second.call(CALL)).toMatchObject({ ok: true });
});

/** Longer than an upgrade takes, so that it ends in the guest of a release that nobody names any more. */
const HELD_MS = 2_000;
const PATIENT = toolsSource({
  hold: `await new Promise((resolve) => setTimeout(resolve, ${HELD_MS})); return 'held';`,
  version: 'return context.config.version;',
});

test('an upgrade on one node takes new calls of the other, and those in flight there end on the old release', async () => {
  const [first, second] = [await startNode(), await startNode()];
  const call = (tool: string) => second.call({ plugin: 'patient', tool, tenant: 'acme' });
  await first.install(await folders.write('patient', PATIENT, { config: { version: 1 } }), FOR_ACME);
  await hasHeard(second);
  expect(await call('version')).toMatchObject({ value: 1 }); // Its guest is there, so that the next call begins at once.
  const held = call('hold');
  await expect.poll(() => second.registry.list()).toMatchObject([{ state: 'RUNNING' }]);
  await first.install(await folders.write('patient', PATIENT, { config: { version: 2 }, version: '2.0.0' }), FOR_ACME);
  await expect.poll(() => call('version')).toMatchObject({ value: 2, call: { version: '2.0.0' } });
  await first.registrations.disable('patient', FOR_ACME);
  await expect.poll(() => call('version')).toMatchObject({ error: { code: 'PLUGIN_DISABLED' } });
  expect(await held).toMatchObject({ ok: true, value: 'held', call: { version: '1.0.0' } });
});

test('a call of a release that is on its way waits for it, at most until its deadline', async () => {
  const [first, second] = [await startNode(), await startNode()];
  const gate = storage.holdArtifacts();
  await first.install(await folders.write('kept', ANSWER, MANIFEST), FOR_ACME);
  await hasHeard(second);
  const [short, patient] = [second.call({ ...CALL, timeoutMs: 50 }), second.call(CALL)];
  expect(await short).toMatchObject({ ok: false, error: { kind: 'timeout' } });
  gate.open();
  expect(await patient).toMatchObject({ ok: true, value: 42 });
});

test('a release that could not be fetched is UNAVAILABLE with the reason, and comes by itself once it can', async () => {
  const [first, second] = [await startNode(), await startNode()];
  storage.failArtifacts(true);
  await first.install(await folders.write('kept', ANSWER, MANIFEST), FOR_ACME);
  await hasHeard(second);
  expect(await second.call(CALL)).toMatchObject({ error: { code: 'PLUGIN_UNAVAILABLE' } });
  expect(second.registry.list()).toMatchObject([
    { state: 'UNAVAILABLE', reason: expect.stringContaining('STORAGE_UNAVAILABLE') },
  ]);
  storage.failArtifacts(false);
  await expect.poll(() => second.registry.list(), { timeout: 5_000 }).toMatchObject([{ state: 'INITIALIZED' }]);
});

test('while a gate could not be fetched nothing passes that it would be asked about', async () => {
  const [first, second] = [await startNode(), await startNode()];
  await first.install(await folders.write('kept', ANSWER, MANIFEST), FOR_ACME);
  await hasHeard(second);
  expect(await second.call(CALL)).toMatchObject({ ok: true });
  storage.failArtifacts(true);
  const gate = 'export default { hooks: { async before_tool_call(data: any) { return data; } } };';
  const asking = { hooks: ['before_tool_call'], required_permissions: ['gate'] };
  await first.install(await folders.write('gate', gate, asking), { ...FOR_ACME, grant: ['gate'] });
  await expect
    .poll(() => second.call(CALL), { timeout: 10_000 })
    .toMatchObject({ error: { code: 'HOOK_FAILED', message: expect.stringContaining('"gate" is not loaded') } });
  storage.failArtifacts(false);
  await expect.poll(() => second.call(CALL), { timeout: 10_000 }).toMatchObject({ ok: true, value: 42 });
});

test('a plugin that its only tenant had disabled when the host started is brought up when it is enabled again', async () => {
  const first = await startNode();
  await first.install(await folders.write('kept', ANSWER, MANIFEST), FOR_ACME);
  await first.registrations.disable('kept', FOR_ACME);
  const second = await startNode();
  expect(second.registry.list()).toEqual([]);
  await second.registrations.enable('kept', FOR_ACME);
  expect(await second.call(CALL)).toMatchObject({ ok: true, value: 42 });
});

test('health is the worst over the nodes, and each node is listed with its plugins until it closes', async () => {
  const [first, second] = [await startNode(), await startNode()];
  const throwing = toolsSource({ boom: "throw new Error('of the second')" });
  await first.install(await folders.write('fragile', throwing), FOR_ACME);
  await hasHeard(second);
  await second.call({ plugin: 'fragile', tool: 'boom', tenant: 'acme' });
  const failed = { name: 'fragile', state: 'FAILED', error_count: 1, reason: expect.stringContaining('of the second') };
  await expect.poll(() => first.plugins(), { timeout: 10_000 }).toMatchObject([failed]);
  expect(first.health('fragile')).toMatchObject(failed);
  expect(first.health('fragile', { showThrownText: false })?.reason).not.toContain('of the second');
  expect(first.health('fragile', { scope: 'acme', showThrownText: true })).toMatchObject({ state: 'INITIALIZED' });
  const states = first.nodes.list().map(({ plugins, is_self }) => `${is_self} ${plugins[0]?.state}`);
  expect(states.toSorted()).toEqual(['false FAILED', 'true INITIALIZED']);
  await second.close();
  await expect.poll(() => first.nodes.list().length, { timeout: 10_000 }).toBe(1);
  expect(first.plugins()).toMatchObject([{ state: 'INITIALIZED', error_count: 0 }]);
});

test('an upgrade of one node and its rollback hold on another, whose health shows what runs there', async () => {
  const [first, second] = [await startNode(), await startNode()];
  const write = (version: string) => folders.write('kept', ANSWER, { config: { answer: version }, version });
  await first.install(await write('1.0.0'), FOR_ACME);
  await first.publish(await write('2.0.0'));
  await hasHeard(second);
  await first.registrations.upgrade('kept', { ...FOR_ACME, version: '2.0.0', isPlatform: true, gate: 'none' });
  await expect.poll(() => second.call(CALL)).toMatchObject({ call: { version: '2.0.0' } });
  await second.registrations.rollback('kept', FOR_ACME);
  for (const node of [first, second]) {
    await expect.poll(() => node.call(CALL)).toMatchObject({ value: '1.0.0' });
    await expect.poll(() => node.registry.getStatus('kept').version).toBe('1.0.0');
  }
  expect(first.registrations.releases('kept', FOR_ACME).moves.map(({ kind }) => kind)).toEqual(['rollback', 'upgrade']);
});
