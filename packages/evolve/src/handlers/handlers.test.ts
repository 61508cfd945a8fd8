/**
 * Handlers of plugin folders on a real host: found, matched, run, and never believed.
 */
import { createHost, withImpliedTags, type AuditedResult, type Host } from '@bulkhead/host';
import type { Task } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { discoverHandlers, type DiscoveredHandlers } from './discover-handlers.ts';
import { createHandlerFolders, handlerSource, taskOf, type HandlerFolders } from './handlers.fixture.ts';
import { runTask, type RunTaskOptions } from './run-task.ts';

let host: Host;
let folders: HandlerFolders;
let found: DiscoveredHandlers;

const TENANT = 'default';
const WORKER_TAGS = withImpliedTags(['node', 'rust', 'internet', 'liar']);
const point = (name: string, className: string): object => ({
  entry_points: { 'bulkhead.task_handlers': { [name]: `./main.ts#${className}` } },
});
const byLang = (lang: string): string => `return task.payload.lang === '${lang}';`;
const BAD = `
  const { how } = task.payload;
  if (how === 'throws') throw new TypeError('no such thing');
  if (how === 'runtime') { const error = new Error('later'); error.name = 'RuntimeError'; throw error; }
  if (how === 'exits') process.abort();
  if (how === 'spins') for (;;) {}
  if (how === 'hangs') await new Promise(() => {});
  if (how === 'nonsense') return 'done';
  if (how === 'nothing') return undefined;
  if (how === 'other id') return done({ id: 'ffffffffffffffff' }, 'ok', {});
  if (how === 'forged') return done(task, 'champion', {});
  if (how === 'ages') return { ...done(task, 'ok', {}), attempts: 99, created_at: '1999-01-01T00:00:00Z' };
  if (how === 'asks again') return done(task, 'error', { retryable: true, message: 'busy' });
  return done(task, 'ok', { how });`;

beforeAll(async () => {
  folders = await createHandlerFolders();
  host = await createHost({ spareCount: 0, tierMax: 'process' });
  const source = (lang: string) =>
    handlerSource('Run', { dispatch: byLang(lang), handle: `return done(task, 'ok', { by: '${lang}' });` });
  await host.install(await folders.write('run_c', source('c'), point('c_exec', 'Run')));
  await host.install(await folders.write('run_js', source('js'), point('js_exec', 'Run')));
  const bad = handlerSource('Bad', { kind: 'evaluate', dispatch: DISPATCH, handle: BAD });
  await host.install(await folders.write('bad', bad, point('bad', 'Bad')));
  const liar = handlerSource('Liar', { kind: 'mutate', provides: ['cpu', 'internet'] });
  await host.install(await folders.write('liar', liar, point('liar', 'Liar')));
  const online = { required_permissions: ['internet'], network: { allow: ['api.example.com:443'] } };
  const honest = await folders.write('honest', liar, { ...point('honest', 'Liar'), ...online });
  await host.install(honest, { grant: ['internet'] });
  const down = handlerSource('Down', { kind: 'render', provides: ['cpu', 'rust'] });
  const needs = { requirements: { commands: ['no-such-compiler'] } };
  await host.install(await folders.write('down', down, { ...point('down', 'Down'), ...needs }));
  const broken = `${handlerSource('Broken')}\nthrow new Error('not today');`;
  await host.install(await folders.write('broken', broken, point('broken', 'Broken')));
  found = await discoverHandlers(host, { tenant: TENANT });
});
const DISPATCH = `if (task.payload.how === 'dispatch throws') throw new Error('cannot say'); return true;`;

afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const run = (task: Task, more: Partial<RunTaskOptions> = {}): Promise<AuditedResult> =>
  runTask(task, {
    ...{ host, tenant: TENANT, ...found, workerTags: WORKER_TAGS, workerId: 'w1', imageTag: 'node26-linux' },
    clock: { now: () => Date.parse('2026-02-03T04:05:06.789Z') },
    ...more,
  });
const misbehave = (how: string, more?: Partial<RunTaskOptions>): Promise<AuditedResult> =>
  run(taskOf({ kind: 'evaluate', payload: { how } }), more);

test('handlers of any plugin are found with kind, tags and version, sorted [F000-4] [F000-5] [F000-9] [F000-15]', () => {
  expect(found.offers.map(({ plugin, name }) => `${plugin} ${name}`)).toEqual([
    'bad bad',
    'honest honest',
    'liar liar',
    'run_c c_exec',
    'run_js js_exec',
  ]);
  expect(found.offers.at(-1)).toEqual({
    plugin: 'run_js',
    version: '1.0.0',
    name: 'js_exec',
    kind: 'execute',
    provides: ['cpu'],
    plugin_tags: ['cpu'],
  });
});

test('a plugin that lacks something of the machine, or did not load, is named with its reason', () => {
  expect(found.unavailable).toEqual([
    { plugin: 'broken', name: 'broken', reason: expect.stringContaining('not today') },
    { plugin: 'down', reason: expect.stringContaining('no-such-compiler') },
  ]);
});

test('only handlers on the list are found, by the name of the entry point or of the class [X000-15]', async () => {
  const offersOf = async (allow: readonly string[]): Promise<readonly string[]> =>
    (await discoverHandlers(host, { tenant: TENANT, allow })).offers.map(({ name }) => name);
  expect(await offersOf(['js_exec'])).toEqual(['js_exec']);
  expect(await offersOf(['Bad', 'c_exec'])).toEqual(['bad', 'c_exec']);
  expect(await offersOf(['nobody'])).toEqual([]);
});

test('a task is done by the handler that takes it, and the result says by whom [X000-3] [F000-7]', async () => {
  expect(await run(taskOf({ payload: { lang: 'js' }, attempts: 2 }))).toEqual({
    task_id: '0123456789abcdef',
    status: 'ok',
    data: { by: 'js' },
    created_at: '2026-02-03T04:05:06Z',
    attempts: 3,
    worker_id: 'w1',
    handler_version: 'run_js 1.0.0',
    image_tag: 'node26-linux',
  });
});

test('two handlers of one kind are told apart by the payload [F000-6]', async () => {
  expect((await run(taskOf({ payload: { lang: 'c' } }))).data).toEqual({ by: 'c' });
  expect((await run(taskOf({ payload: { lang: 'js' } }))).data).toEqual({ by: 'js' });
});

test('a task that no handler takes is left to another worker, with the nearest one named [X000-8]', async () => {
  const { status, data, handler_version } = await run(taskOf({ payload: { lang: 'ada' } }));
  expect({ status, handler_version }).toEqual({ status: 'skip', handler_version: null });
  expect(data['message']).toContain('run_c 1.0.0 c_exec does not take this task, by its dispatch');
});

test('tags that are missing are named [F000-15]', async () => {
  const { status, data } = await run(taskOf({ requires: ['cpu', 'docker'] }));
  expect(status).toBe('skip');
  expect(data).toMatchObject({ missing_tags: ['docker'], message: expect.stringContaining('missing: docker') });
});

test('a plugin that is down, and would have served the task, is named with its cure', async () => {
  const { status, data } = await run(taskOf({ kind: 'render', requires: ['rust'] }));
  expect(status).toBe('skip');
  expect(data['message']).toMatch(/broken broken: .*not today.*down: .*no-such-compiler/u);
});

test('a handler that says internet, and whose manifest allows no hosts, is given nothing [F000-44]', async () => {
  const { handler_version } = await run(taskOf({ kind: 'mutate' }));
  expect(handler_version).toBe('honest 1.0.0');
  const liarAlone = { offers: found.offers.filter(({ plugin }) => plugin === 'liar') };
  const { status, data } = await run(taskOf({ kind: 'mutate' }), liarAlone);
  expect(status).toBe('skip');
  expect(data['message']).toContain('internet, which the manifest of its plugin does not bear out');
});

test('a task of a later schema is answered with an error that another worker may mend [X000-5]', async () => {
  const { status, data } = await run(taskOf({ schema_v: 2 }));
  expect(status).toBe('error');
  expect(data).toMatchObject({ retryable: true, code: 'TASK_SCHEMA_NEWER' });
});

test.for([
  ['throws', { retryable: false, code: 'PLUGIN_THREW', message: expect.stringContaining('TypeError: no such thing') }],
  ['runtime', { retryable: true, code: 'PLUGIN_THREW' }],
  ['exits', { retryable: true, kind: 'crashed' }],
  ['nonsense', { retryable: false, code: 'RESULT_INVALID' }],
  ['nothing', { retryable: false, code: 'RESULT_INVALID' }],
  ['other id', { retryable: false, message: expect.stringContaining('it is of task "ffffffffffffffff"') }],
  ['forged', { retryable: false, message: expect.stringContaining('expected one of ok, error, skip') }],
  ['asks again', { retryable: true, message: 'busy' }],
  ['dispatch throws', { retryable: false, message: expect.stringContaining('dispatch: Error: cannot say') }],
] as const)('a handler that %s ends its own task alone [X000-14] [X000-19]', async ([how, data]) => {
  const result = await misbehave(how);
  expect(result).toMatchObject({ status: 'error', task_id: taskOf().id, handler_version: 'bad 1.0.0', data });
  expect(await misbehave('well')).toMatchObject({ status: 'ok', data: { how: 'well' } });
});

test.for(['spins', 'hangs'])('a handler that %s ends at the time limit, and is worth another attempt', async (how) => {
  expect(await misbehave(how, { timeoutMs: 500 })).toMatchObject({
    status: 'error',
    data: { retryable: true, kind: 'timeout' },
  });
});

test('what a handler says of attempts and times is not believed', async () => {
  expect(await misbehave('ages')).toMatchObject({ attempts: 1, created_at: '2026-02-03T04:05:06Z' });
});

test('an abort ends the call, and there is a result all the same', async () => {
  const { status, data } = await misbehave('hangs', { signal: AbortSignal.abort() });
  expect(status).toBe('error');
  expect(data).toMatchObject({ kind: 'cancelled' });
});
