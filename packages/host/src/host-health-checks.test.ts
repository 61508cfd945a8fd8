import { afterAll, beforeAll, expect, test } from 'vitest';
import { askTool, createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;

/** A plugin that says of itself what a tool told it to. */
const SAYS = `
let say: any = { status: 'healthy', message: 'at first', metrics: { asked: 0 } };
let asked = 0;
let running = 0;
let together = 0;
async function healthCheck() {
  asked += 1;
  running += 1;
  together = Math.max(together, running);
  try {
    if (say.hang) await new Promise((resolve) => setTimeout(resolve, say.hang));
    if (say.throws) throw new Error(say.throws);
    return say.value ?? { ...say, metrics: { asked } };
  } finally { running -= 1; }
}
${toolsSource({
  say: 'say = params; return 1;',
  asked: 'return { asked, together, pid: process.pid };',
}).replace('export default {', 'export default { healthCheck,')}`;

beforeAll(async () => {
  folders = await createPluginFolders();
  await folders.write('says', SAYS);
  await folders.write('slow', SAYS, { config: { interval: 3_600 } });
  await folders.write('silent', toolsSource({ asked: 'return 1;' }));
  await folders.write('shared', SAYS, { sandbox: { scope: 'shared' } });
});
afterAll(() => folders[Symbol.asyncDispose]());

const OPTIONS = { healthIntervalMs: 50, healthTimeoutMs: 300, idleTimeoutMs: 60_000, sharedPlugins: ['shared'] };

async function open(names: readonly string[] = ['says'], options = OPTIONS): Promise<Host> {
  const host = await openTestHost(options);
  for (const name of names) await host.install(`${folders.root}/${name}`);
  return host;
}

const say = (host: Host, what: object, plugin = 'says') => askTool(host, 'say', { plugin, params: what });
const reportOf = async (host: Host, plugin = 'says') =>
  (await host.debug(plugin, { tenant: 'default', isPlatform: true })).health_report;
const healthOf = (host: Host, plugin = 'says') => host.health(plugin, { scope: 'default', showThrownText: true });

test('a plugin that lives is asked again and again, and what it says last is its health [F004-6][F004-12]', async () => {
  await using host = await open();
  expect(healthOf(host)).toMatchObject({ success_count: 0 });
  await say(host, { status: 'warning', message: 'half full' });
  await expect.poll(() => healthOf(host)?.health).toBe('warning');
  expect(await reportOf(host)).toMatchObject({
    status: 'warning',
    message: 'half full',
    metrics: { asked: expect.any(Number) },
    checked_at: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect(healthOf(host)).toMatchObject({ health_message: 'half full', success_count: 1, error_count: 0 });
  expect(host.health('says', { showThrownText: false })?.health_message).toBeUndefined();
  await say(host, { status: 'error', message: 'of its own' });
  await expect.poll(() => healthOf(host)?.health).toBe('error');
  expect(healthOf(host)).toMatchObject({ error_count: 0, state: 'INITIALIZED' });
  expect(await askTool(host, 'asked', { plugin: 'says' })).toMatchObject({ together: 1 });
});

test.each([
  ['throws', { throws: 'no disk' }, 'Error: no disk'],
  ['answers what is no report', { value: 'fine' }, 'healthCheck answered "fine"; expected { status: '],
  ['says a word of the host', { value: { status: 'disabled' } }, 'healthCheck answered the status "disabled"'],
  ['is late', { hang: 60_000 }, 'healthCheck did not answer within 300 ms'],
  ['has too many figures', { value: { status: 'healthy', metrics: { text: 'x'.repeat(20_000) } } }, 'at most 16384'],
])('a check that %s is an error, and counts as one; the instance lives on [X004-2]', async (_what, what, message) => {
  await using host = await open();
  await say(host, what);
  const before = await askTool<{ pid: number }>(host, 'asked', { plugin: 'says' });
  await expect.poll(() => healthOf(host)?.health, { timeout: 5_000 }).toBe('error');
  const report = await reportOf(host);
  expect(report).toMatchObject({ status: 'error', metrics: {} });
  expect(report.message).toContain(message);
  expect(healthOf(host)?.error_count).toBeGreaterThanOrEqual(1);
  expect(healthOf(host)).toMatchObject({ success_count: 2, breaker: 'closed' });
  expect(await askTool(host, 'asked', { plugin: 'says' })).toMatchObject({ pid: before.pid, together: 1 });
});

test('a check that has not ended is waited for and not begun again, so a plugin that hangs does not pile them up', async () => {
  await using host = await open();
  await say(host, { hang: 1_000, status: 'warning' });
  await expect.poll(() => healthOf(host)?.error_count, { timeout: 5_000 }).toBeGreaterThanOrEqual(2);
  await expect.poll(() => healthOf(host)?.health, { timeout: 5_000 }).toBe('warning');
  expect(await askTool(host, 'asked', { plugin: 'says' })).toMatchObject({ together: 1 });
});

test('the host says in its own words what has no check, is disabled, or is not there [X004-2]', async () => {
  await using host = await open(['silent']);
  expect(await reportOf(host, 'silent')).toMatchObject({ status: 'unknown', message: 'Health check not implemented' });
  expect(host.health('silent')).toMatchObject({ health: 'unknown', health_message: 'Health check not implemented' });
  expect(await reportOf(host, 'nothing')).toMatchObject({ status: 'error', message: 'Plugin nothing not found' });
  await host.registrations.enable('silent');
  await host.registrations.disable('silent');
  expect(await reportOf(host, 'silent')).toMatchObject({ status: 'disabled', message: 'Plugin silent is disabled.' });
  expect(healthOf(host, 'silent')).toMatchObject({ health: 'disabled', health_message: 'Plugin silent is disabled.' });
});

test('the interval is the plugin’s configuration’s, in seconds, where it has one [F004-13]', async () => {
  await using host = await open(['says', 'slow']);
  await host.registrations.enable('slow');
  await say(host, { status: 'healthy' });
  await say(host, { status: 'healthy' }, 'slow');
  const asked = async (plugin: string) => (await askTool<{ asked: number }>(host, 'asked', { plugin })).asked;
  await expect.poll(() => asked('says')).toBeGreaterThan(5);
  expect(await asked('slow')).toBeLessThanOrEqual(1);
  await host.registrations.configure('slow', { interval: 1 });
  const before = await asked('slow');
  await expect.poll(() => asked('slow'), { timeout: 5_000 }).toBeGreaterThan(before);
});

test('an instance that is only asked how it is is idle, and no check wakes one', async () => {
  await using host = await open(['says'], { ...OPTIONS, idleTimeoutMs: 400 });
  await say(host, { status: 'healthy' });
  const instances = async () => (await host.debug('says', { tenant: 'default', isPlatform: true })).instances.length;
  expect(await instances()).toBe(1);
  await expect.poll(instances, { timeout: 5_000 }).toBe(0);
  expect(healthOf(host)).toMatchObject({ success_count: 1, error_count: 0 });
});

test('an instance that serves every tenant is asked for all of them', async () => {
  await using host = await open(['shared']);
  await say(host, { status: 'warning', message: 'for all' }, 'shared');
  await expect.poll(() => host.health('shared', { showThrownText: true })?.health).toBe('warning');
});
