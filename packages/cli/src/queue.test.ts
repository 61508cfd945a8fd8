import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHost, createMemoryTaskQueue, type Host, type TaskQueue } from '@bulkhead/host';
import { createLog, createServer, type Server } from '@bulkhead/server';
import { startPostgres } from '@bulkhead/store/testing';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { makeFolder, run, serve, start, verbsOf, type Ended } from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const TOKEN = 'a-platform-token-that-is-long-enough';

let tasks: TaskQueue;
let host: Host;
let server: Server;
let url: string;
let verb: (line: string) => Promise<Ended>;
beforeAll(async () => {
  host = await createHost();
  tasks = createMemoryTaskQueue();
  server = await createServer({ host, log: createLog('silent', 2), token: TOKEN, tasks });
  ({ url } = await server.listen({ host: '127.0.0.1', port: 0 }));
  verb = verbsOf(url, TOKEN);
});
afterAll(async () => {
  await server.close();
  await tasks.close();
  await host.close();
});
beforeEach(() => tasks.removeTenant('default').then(() => undefined));

const json = ({ stdout }: Ended): unknown => JSON.parse(stdout);
const idOf = ({ stdout }: Ended): string => stdout.trim();

/** Ends the next task that is given to a worker. */
async function end(status: 'ok' | 'error', data: Readonly<Record<string, string>> = {}): Promise<void> {
  const claimed = await tasks.claim({ worker_id: 'w1', tags: ['cpu'], lease_ms: 60_000, wait_ms: 60_000 });
  if (claimed === undefined) throw new Error('no task was given');
  const result = { task_id: claimed.task.id, status, data, created_at: '2026-01-01T12:00:00Z', attempts: 1 };
  await tasks.complete(claimed.lease, {
    ...result,
    worker_id: 'w1',
    handler_version: 'render 1.0.0',
    image_tag: 'test',
  });
}

test('a task is given, listed, shown and cancelled', async () => {
  const id = idOf(await verb('queue add --kind execute --payload {"n":1} --requires cpu,docker --priority 7'));
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  const listed = await verb('queue list');
  expect(listed.stdout).toMatch(/^TASK +KIND +STATE +TENANT +REQUIRES/);
  expect(listed.stdout).toMatch(new RegExp(`${id} +execute +queued +default +cpu docker +0`));
  expect(json(await verb('queue list --state active --json'))).toEqual({ tasks: [], next: null });
  const shown = await verb(`queue show ${id}`);
  expect(shown.stdout).toMatch(/payload +\{"n":1\}/);
  expect(shown.stdout).toMatch(/priority +7/);
  expect((await verb(`queue cancel ${id}`)).stdout).toBe(`${id} is cancelled\n`);
  expect(json(await verb(`queue show ${id} --json`))).toMatchObject({
    state: 'cancelled',
    task: { payload: { n: 1 } },
  });
});

test('whoever waits for a task is told its result, by an exit code, too', async () => {
  const waiting = verb('queue add --kind execute --requires cpu --wait --json');
  await end('ok', { score: '1' });
  const done = await waiting;
  expect(done.code).toBe(0);
  expect(json(done)).toMatchObject({ state: 'done', result: { data: { score: '1' } } });
  const hopeless = verb('queue add --kind execute --requires cpu --wait');
  await end('error', { message: 'no \u001B[31mluck' });
  const dead = await hopeless;
  expect(dead.code).toBe(1);
  expect(dead.stdout).toMatch(/state +dead\nreason +no luck\n/);
});

test('why a task waits is told once, and its wait is the server’s', async () => {
  const waitFor = vi.spyOn(tasks, 'waitFor');
  const waiting = verb('queue add --kind render --requires gpu --wait');
  await vi.waitUntil(() => waitFor.mock.calls.length > 1, { timeout: 60_000 });
  const [id = ''] = waitFor.mock.calls[0] ?? [];
  expect(waitFor.mock.calls.map(([, waitMs]) => waitMs)).toEqual([1_000, 30_000]);
  await verb(`queue cancel ${id}`);
  const { code, stderr } = await waiting;
  expect(code).toBe(1);
  expect(stderr.split('\n').slice(0, -1)).toEqual([
    `task ${id}: waiting`,
    `${id} waits: no worker that is there takes it: it is of kind render and requires gpu`,
  ]);
  expect(waitFor).toHaveBeenCalledTimes(2);
  waitFor.mockRestore();
});

test.each([
  ['queue add', 'queue add --kind render --wait'],
  ['render', 'render --template letter.txt --queue --wait'],
  ['mutate', 'mutate --target-file sum.js --entry-fn sum --queue --wait'],
])('Ctrl-C ends the wait of `%s` at once with 130, and the task goes on', async (_verb, line) => {
  await using folder = await makeFolder();
  await writeFile(join(folder.path, 'letter.txt'), 'Dear Ada,');
  await writeFile(join(folder.path, 'sum.js'), 'export function sum() {}');
  const waitFor = vi.spyOn(tasks, 'waitFor');
  const running = start([...line.split(' '), '--server', url], { cwd: folder.path, env: { BULKHEAD_TOKEN: TOKEN } });
  // The second wait is of half a minute.
  await vi.waitUntil(() => waitFor.mock.calls.length > 1, { timeout: 60_000 });
  const [id = ''] = waitFor.mock.calls[0] ?? [];
  running.child.kill('SIGINT');
  const gaveUp = vi.waitUntil(() => waitFor.mock.calls[1]?.[2]?.aborted === true, { timeout: 60_000 });
  const { code, signal, stdout, stderr } = await running.ended;
  expect({ code, signal, stdout }).toEqual({ code: 130, signal: null, stdout: '' });
  expect(stderr).toContain(`task ${id} goes on: \`bulkhead queue show ${id}\``);
  await gaveUp;
  waitFor.mockRestore();
  expect(await tasks.get(id)).toMatchObject({ state: 'queued' });
});

test('a server that goes away while a task is waited for ends the wait, and not with 0 [X000-32]', async () => {
  const queue = createMemoryTaskQueue();
  const going = await createServer({ host, log: createLog('silent', 2), token: TOKEN, tasks: queue });
  const waitFor = vi.spyOn(queue, 'waitFor');
  const ask = verbsOf((await going.listen({ host: '127.0.0.1', port: 0 })).url, TOKEN);
  const waiting = ask('queue add --kind render --wait');
  await vi.waitUntil(() => waitFor.mock.calls.length > 0, { timeout: 60_000 });
  await going.close();
  const { code, stderr } = await waiting;
  expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('HOST_CLOSED')]);
  expect(code).toBeGreaterThan(0);
  await queue.close();
});

test('dead letters are listed, inspected, exported and sent back [X000-12]', async () => {
  const ids: string[] = [];
  for (const message of ['=1+1', 'a "word",\nand more', 'plain']) {
    ids.push(idOf(await verb(`queue add --kind ${ids.length === 2 ? 'render' : 'execute'} --requires cpu`)));
    await end('error', { message });
  }
  const listed = await verb('queue dlq list');
  expect(listed.stdout).toMatch(/REQUIRES +ATTEMPTS/);
  expect(
    listed.stdout
      .split('\n')
      .slice(1, 4)
      .map((line) => line.split(' ')[0]),
  ).toEqual(ids.toReversed());
  expect(json(await verb('queue dlq list --kind render --json'))).toMatchObject({ tasks: [{ reason: 'plain' }] });
  const inspected = await verb(`queue dlq inspect ${ids[2]}`);
  expect(inspected.stdout).toMatch(/reason +plain/);
  expect(inspected.stdout).toMatch(/data +\{"message":"plain"\}/);
  expect((await verb(`queue inspect ${ids[2]}`)).stdout).toBe(inspected.stdout);
  const exported = json(await verb('queue dlq export'));
  expect(exported).toMatchObject(ids.toReversed().map((id) => ({ task: { id }, state: 'dead' })));
  const csv = (await verb('queue dlq export --format csv --kind execute')).stdout;
  expect(csv.split('\r\n')[0]).toBe(
    'id,kind,tenant_id,reason,attempts,requires,created_at,worker_id,handler_version,payload,data',
  );
  expect(csv).toContain(`${ids[0]},execute,default,'=1+1,1,cpu,`);
  expect(csv).toContain(`${ids[1]},execute,default,"a ""word"",\nand more",1,cpu,`);
  expect((await verb(`queue dlq retry ${ids[0]}`)).stdout).toBe('1 task was sent back\n');
  expect(json(await verb('queue export --kind execute'))).toMatchObject([{ task: { id: ids[1] } }]);
  expect(json(await verb('queue retry --kind execute --json'))).toEqual({ retried: 1 });
  expect(json(await verb('queue dlq list --json'))).toMatchObject({ tasks: [{ task: { id: ids[2] } }] });
  expect((await verb(`queue dlq inspect ${ids[0]}`)).stderr).toContain('is queued, and no dead letter');
  expect(json(await verb('queue dlq export --kind mutate'))).toEqual([]);
});

test.each([
  ['queue dlq retry', 'Name their ids, or a kind'],
  ['queue dlq retry 0123456789abcdef --kind render', 'Name their ids, or a kind'],
  ['queue add --kind cook', 'Allowed choices are'],
  ['queue add', "required option '--kind <kind>'"],
  ['queue add --kind render --payload 7', 'expected a JSON object'],
  ['queue list --limit 0', 'Expected a whole number from 1'],
  ['queue list --state lost', 'Allowed choices are'],
])('`%s` is refused as wrong usage', async (line, said) => {
  const { code, stderr } = await verb(line);
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
});

test('a task that is not there is told as that, by a server and by an opened store in the same words', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await (await serve(['--data', data]))[Symbol.asyncDispose]();
  for (const line of ['queue show 0123456789abcdef', 'queue cancel no-id', 'queue dlq inspect 0123456789abcdef']) {
    const asked = await verb(line);
    expect([asked.code, asked.stderr]).toEqual([25, expect.stringContaining('no task of this id (TASK_NOT_FOUND)')]);
    expect(asked.stderr).toContain('`bulkhead queue list`');
    const opened = await run([...line.split(' '), '--data', data]);
    expect(opened).toEqual(asked);
  }
});

test('a task with a wrong value is refused with field, value and what was expected, by a server as by an opened store', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await (await serve(['--data', data]))[Symbol.asyncDispose]();
  const large = join(folder.path, 'large.json');
  await writeFile(large, JSON.stringify({ text: 'x'.repeat(2 * 1024 * 1024) }));
  const wrong: readonly (readonly [more: string, said: string])[] = [
    ['--requires cpu,GPU', 'field "requires" has "GPU"; expected a tag of a-z'],
    ['--id 12', 'field "id" is "12"; expected 16 to 128 hexadecimal digits'],
    ['--deadline tomorrow', 'field "deadline" is "tomorrow"; expected a time such as'],
    ['--priority 101', 'field "priority" is 101; expected a whole number from -100 to 100'],
    [`--payload @${large}`, 'field "payload" has 2097163 bytes as JSON; expected at most 2097110'],
  ];
  for (const [more, said] of wrong) {
    const line = `queue add --kind render ${more}`;
    const asked = await verb(line);
    expect([asked.code, asked.stderr]).toEqual([11, expect.stringContaining(`bulkhead: the task’s ${said}`)]);
    expect(asked.stderr.split('\n')[1]).toMatch(/give the task again|name that place/);
    expect(await run([...line.split(' '), '--data', data])).toEqual(asked);
  }
  expect(json(await run(['queue', 'list', '--json', '--data', data]))).toEqual({ tasks: [], next: null });
});

test('without a server the store is opened: on PostgreSQL also beside one that runs [X000-12]', async () => {
  await using folder = await makeFolder();
  await using postgres = await startPostgres();
  const data = join(folder.path, 'data');
  const env = { BULKHEAD_DATABASE_URL: postgres.url };
  const served = await serve(['--data', data], { env });
  const direct = (line: string): Promise<Ended> => run([...line.split(' '), '--data', data], { env });
  const id = idOf(await direct('queue add --kind execute --requires cpu'));
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  const token = (await readFile(join(data, 'token'), 'utf8')).trim();
  expect(json(await verbsOf(served.ready.url, token)(`queue show ${id} --json`))).toMatchObject({ state: 'queued' });
  await served[Symbol.asyncDispose]();
  expect((await direct(`queue cancel ${id}`)).stdout).toBe(`${id} is cancelled\n`);
  expect(json(await direct('queue list --json'))).toMatchObject({ tasks: [{ task: { id }, state: 'cancelled' }] });
  expect(json(await direct('audit list --json'))).toMatchObject({
    entries: expect.arrayContaining([
      expect.objectContaining({ action: 'task.cancel', actor: 'command line', resource: `task ${id}` }),
    ]),
  });
  const missing = await direct('queue show 0123456789abcdef');
  expect([missing.code, missing.stderr]).toEqual([25, expect.stringContaining('no task of this id')]);
  expect((await direct('queue add --kind execute --tenant nobody')).stderr).toContain('there is no tenant "nobody"');
});

test('in an opened store a tenant has no more tasks than its quota, and a wait says what it waits for and ends by Ctrl-C', async () => {
  await using folder = await makeFolder();
  await using postgres = await startPostgres();
  const data = join(folder.path, 'data');
  const env = { BULKHEAD_DATABASE_URL: postgres.url };
  const served = await serve(['--data', data], { env });
  const token = (await readFile(join(data, 'token'), 'utf8')).trim();
  await verbsOf(served.ready.url, token)('tenant create bounded --quota open_tasks=2');
  await served[Symbol.asyncDispose]();
  const adding = 'queue add --kind execute --requires cpu --tenant bounded'.split(' ');
  expect((await run([...adding, '--data', data], { env })).code).toBe(0);
  const running = start([...adding, '--wait', '--data', data], { env });
  await vi.waitUntil(() => running.stderr().includes('no worker that is there takes it'), { timeout: 60_000 });
  running.child.kill('SIGINT');
  expect(await running.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('goes on') });
  const { code, stderr } = await run([...adding, '--data', data], { env });
  expect([code, stderr]).toEqual([15, expect.stringContaining('it may have 2 (TENANT_QUOTA_EXCEEDED)')]);
});

test('in a data directory nobody waits for what nobody can do meanwhile, and no task is given', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await (await serve(['--data', data]))[Symbol.asyncDispose]();
  const { code, stderr } = await run(['queue', 'add', '--kind', 'render', '--wait', '--data', data]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('nobody can do the task while this command waits')]);
  expect(json(await run(['queue', 'list', '--json', '--data', data]))).toEqual({ tasks: [], next: null });
});

test('in a data directory the store is opened, where there is one', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await (await serve(['--data', data]))[Symbol.asyncDispose]();
  const added = await run(['queue', 'add', '--kind', 'render', '--data', data]);
  expect(added.code).toBe(0);
  const listed = await run(['queue', 'list', '--json', '--data', data]);
  expect(json(listed)).toMatchObject({ tasks: [{ task: { id: idOf(added) }, state: 'queued' }] });
  const missing = await run(['queue', 'dlq', 'export', '--data', join(folder.path, 'nothing')]);
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('there is no database')]);
});
