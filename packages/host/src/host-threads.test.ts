import { afterAll, beforeAll, expect, test } from 'vitest';
import { existsSync } from 'node:fs';
import { openHost } from './host.ts';
import { askTool, createPluginFolders, logTexts, toolsSource, type PluginFolders } from './host.fixture.ts';
import { resolveSettings } from './host/settings.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';

let folders: PluginFolders;

/** A plugin whose tools start threads as a test asks; each run of one says so in the log. */
const WORKER = `
async function caught(run: () => Promise<any>) {
  try { return await run(); } catch (error: any) { return { code: error.code, message: error.message }; }
}
const works: Record<string, any> = {
  tick: (context: any) => () => context.logger.info('tick'),
  fail: () => () => { throw new Error('out of luck'); },
  hang: () => () => new Promise(() => {}),
  heed: (context: any) => async ({ signal, sleep }: any) => {
    while (!signal.aborted) await sleep(20);
    context.logger.info('heeded');
  },
  long: (context: any) => async ({ signal }: any) => {
    context.logger.info('begun');
    await new Promise((resolve) => setTimeout(resolve, 60));
    context.logger.info('over');
  },
  call: (context: any) => async () => context.logger.info('whose ' + JSON.stringify(await context.callTool('whose', 'tenant'))),
  keep: (context: any) => async () => context.memory.store('kept by a thread'),
};
let beats: (() => void) | undefined;
const handles = new Map<string, any>();
${toolsSource({
  start: `return caught(async () => {
    handles.set(params.name, await context.threads.start(params.name, works[params.work ?? 'heed'](context), params.options));
    return context.threads.list().map((thread: any) => thread.name);
  });`,
  quiet: `await context.threads.start('quiet', ({ beat, signal }: any) => {
    beats = beat;
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  }); return 'started';`,
  beat: 'beats!(); return 1;',
  stop: 'const thread = handles.get(params.name); const ended = await thread.stop(); return { ended, left: context.threads.list() };',
  list: 'return context.threads.list();',
  block: 'for (const end = Date.now() + params.ms; Date.now() < end; ); return 1;',
  recall: 'return (await context.memory.query("")).length;',
  resources: 'return context.resources();',
  hoard:
    '(globalThis as any).hoard = Array.from({ length: params.count }, (_, index) => ({ index })); return context.resources();',
  pid: 'return process.pid;',
})}`;
const MANIFEST = { required_permissions: ['threads'] };

beforeAll(async () => {
  folders = await createPluginFolders();
  await folders.write('worker', WORKER, MANIFEST);
  await folders.write('single', WORKER, { ...MANIFEST, sandbox: { scope: 'call' } });
  await folders.write('pool', WORKER, { ...MANIFEST, sandbox: { scope: 'shared' } });
  await folders.write('ungranted', WORKER);
  await folders.write('caller', WORKER, { required_permissions: ['threads', 'call:whose'] });
  await folders.write('whose', toolsSource({ tenant: 'return context.tenantId;' }));
});
afterAll(() => folders[Symbol.asyncDispose]());

/** Silence is noticed after 0.3 s here; a thread that waits is beaten for every 5 s, so such a test lets none wait. */
const TIMING = { silentMs: 300, lookEveryMs: 50 };

async function open(names = ['worker'], options: HostOptions = {}, threadTiming = TIMING): Promise<Host> {
  const settings = resolveSettings({ spareCount: 0, tierMax: 'process', sharedPlugins: ['pool'], ...options });
  const { host } = await openHost({ ...settings, threadTiming });
  for (const name of names) await host.install(`${folders.root}/${name}`, { grant: ['threads', 'call:whose'] });
  return host;
}

const ask = (host: Host, tool: string, params: object = {}, plugin = 'worker') =>
  askTool(host, tool, { plugin, params });
const healthOf = (host: Host, plugin = 'worker') =>
  host.health(plugin, { scope: 'default', showThrownText: true })?.health;
const count = (host: Host, text: string): number => logTexts(host, 'worker').filter((line) => line === text).length;

test('a thread runs again and again at its interval, with no call, and never twice at once [F004-3]', async () => {
  await using host = await open();
  await ask(host, 'start', { name: 'ticker', work: 'tick', options: { intervalMs: 20 } });
  await ask(host, 'start', { name: 'slow', work: 'long', options: { intervalMs: 10 } });
  await expect.poll(() => Math.min(count(host, 'tick'), count(host, 'over'))).toBeGreaterThan(3);
  const lines = logTexts(host, 'worker').filter((line) => line === 'begun' || line === 'over');
  for (const [index, line] of lines.entries()) expect(line).toBe(index % 2 === 0 ? 'begun' : 'over');
  expect(healthOf(host)).not.toBe('error');
});

test('a thread asks the host for things outside of calls, also when a call that has ended began it', async () => {
  await using host = await open(['worker', 'whose', 'caller']);
  await ask(host, 'start', { name: 'keeper', work: 'keep' });
  await expect.poll(() => ask(host, 'recall')).toBe(1);
  await ask(host, 'start', { name: 'caller', work: 'call' }, 'caller');
  await expect.poll(() => logTexts(host, 'caller')).toContain('whose "default"');
});

test('without the permission no thread starts, and the refusal says how to grant it', async () => {
  await using host = await open([]);
  await host.install(`${folders.root}/ungranted`);
  expect(await ask(host, 'start', { name: 'one' }, 'ungranted')).toMatchObject({
    code: 'PERMISSION_NOT_GRANTED',
    message: expect.stringContaining('"threads"'),
  });
});

test('a name is one thread’s, a number of threads is an instance’s, and a wrong name is nobody’s', async () => {
  await using host = await open();
  expect(await ask(host, 'start', { name: 'one' })).toEqual(['one']);
  expect(await ask(host, 'start', { name: 'one' })).toMatchObject({
    code: 'SERVICE_ASK_INVALID',
    message: 'a thread named "one" runs already; stop it first',
  });
  for (const name of ['', 'a b', 'x'.repeat(65), undefined]) {
    expect(await ask(host, 'start', { name })).toMatchObject({ code: 'SERVICE_ASK_INVALID' });
  }
  expect(await ask(host, 'start', { name: 'two', options: { intervalMs: 1 } })).toMatchObject({
    message: 'threads.start: "/interval_ms" must be >= 10',
  });
  for (let index = 2; index <= 16; index += 1) await ask(host, 'start', { name: `thread${index}` });
  expect(await ask(host, 'start', { name: 'seventeenth' })).toMatchObject({
    code: 'SERVICE_QUOTA_EXCEEDED',
    message: 'the instance has 16 threads already; stop one first',
  });
  expect(await ask(host, 'stop', { name: 'one' })).toMatchObject({ ended: true });
  expect(await ask(host, 'start', { name: 'seventeenth' })).toContain('seventeenth');
});

test('a thread that throws is in the log, and makes its plugin’s health an error until it starts again [X004-7]', async () => {
  await using host = await open();
  await ask(host, 'start', { name: 'unlucky', work: 'fail' });
  await expect.poll(() => healthOf(host)).toBe('error');
  expect(logTexts(host, 'worker')).toContain('thread "unlucky" ended: out of luck');
  expect(await ask(host, 'list')).toMatchObject([{ name: 'unlucky', state: 'dead' }]);
  const debug = await host.debug('worker', { tenant: 'default', isPlatform: true });
  expect(debug.threads).toMatchObject([{ name: 'unlucky', state: 'dead', last_beat_seconds: expect.any(Number) }]);
  expect(host.health('worker', { scope: 'other', showThrownText: true })?.health).not.toBe('error');
  await ask(host, 'start', { name: 'unlucky' });
  expect(healthOf(host)).not.toBe('error');
});

test('a thread without a heartbeat is a warning with its name, until it beats again [X004-7]', async () => {
  await using host = await open();
  await ask(host, 'quiet');
  await expect.poll(() => healthOf(host)).toBe('warning');
  const message = 'no heartbeat from thread "quiet" of plugin "worker"';
  expect(logTexts(host, 'worker').filter((line) => line === message)).toHaveLength(1);
  expect(host.health('worker', { scope: 'default', showThrownText: true })).toMatchObject({ health_message: message });
  await expect.poll(async () => (await ask(host, 'beat')) === 1 && healthOf(host)).not.toBe('warning');
});

test(
  'a guest that computes beats no more, and the host notices by its own clock [X004-7]',
  { timeout: 60_000 },
  async () => {
    await using host = await open();
    await ask(host, 'start', { name: 'ticker', work: 'tick', options: { intervalMs: 1_000 } });
    const blocked = ask(host, 'block', { ms: 2_500 });
    await expect.poll(() => healthOf(host), { timeout: 2_000 }).toBe('warning');
    await blocked;
  },
);

test(
  'a thread that heeds its signal is stopped at once, and one that does not is told of after 5 s [X004-7]',
  { timeout: 60_000 },
  async () => {
    await using host = await open();
    await ask(host, 'start', { name: 'heeding' });
    expect(await ask(host, 'stop', { name: 'heeding' })).toEqual({ ended: true, left: [] });
    await ask(host, 'start', { name: 'deaf', work: 'hang' });
    const startedAt = performance.now();
    expect(await ask(host, 'stop', { name: 'deaf' })).toMatchObject({ ended: false, left: [{ name: 'deaf' }] });
    expect(performance.now() - startedAt).toBeGreaterThan(4_900);
    expect(performance.now() - startedAt).toBeLessThan(6_000);
  },
);

test.each([
  ['heed', 0, 1_000],
  ['hang', 4_900, 6_500],
])(
  'with its instance a thread that does %s is gone, and so is the process [X004-7]',
  { timeout: 60_000 },
  async (work, leastMs, mostMs) => {
    await using host = await open([]);
    await host.install(`${folders.root}/worker`, { grant: ['threads'], tenant: 'default' });
    const pid = await ask(host, 'pid');
    expect(existsSync(`/proc/${String(pid)}`)).toBe(true);
    await ask(host, 'start', { name: 'last', work });
    const startedAt = performance.now();
    await host.registrations.disable('worker');
    await expect.poll(() => existsSync(`/proc/${String(pid)}`), { timeout: 10_000, interval: 20 }).toBe(false);
    expect(performance.now() - startedAt).toBeGreaterThan(leastMs);
    expect(performance.now() - startedAt).toBeLessThan(mostMs);
    expect(logTexts(host, 'worker').includes('heeded')).toBe(work === 'heed');
  },
);

test('an instance of one call, or of every tenant, has no threads, and is told why', async () => {
  await using host = await open(['single', 'pool']);
  expect(await ask(host, 'start', { name: 'one' }, 'single')).toMatchObject({
    message: expect.stringContaining('an instance that serves a single call has no threads'),
  });
  expect(await ask(host, 'start', { name: 'one' }, 'pool')).toMatchObject({
    message: 'an instance that serves every tenant has no threads',
  });
});

test('what a trial starts ends with it', async () => {
  await using host = await open([]);
  const code = `export default { async onLoad(context: any) {
    await context.threads.start('trial', async ({ signal, sleep }: any) => { while (!signal.aborted) await sleep(5); context.logger.info('gone'); });
  } };`;
  await host.install(await folders.write('tried', code, MANIFEST));
  expect(logTexts(host, 'tried')).toContain('gone');
  expect(host.health('tried')).toMatchObject({ state: 'INITIALIZED' });
  expect((await host.debug('tried', { tenant: 'default', isPlatform: true })).instances).toEqual([]);
});

test('a plugin reads what it uses of what it may [F004-28]', async () => {
  await using host = await open();
  const before = await ask(host, 'resources');
  expect(before).toMatchObject({ memoryLimitBytes: 512 * 1024 * 1024, threads: 0, threadsMax: 16, ok: true });
  await ask(host, 'start', { name: 'one' });
  const { memoryBytes } = before as { readonly memoryBytes: number };
  const after = (await ask(host, 'hoard', { count: 1_000_000 })) as { readonly memoryBytes: number };
  expect(after).toMatchObject({ threads: 1, ok: true });
  expect(after.memoryBytes - memoryBytes).toBeGreaterThan(10 * 1024 * 1024);
});
