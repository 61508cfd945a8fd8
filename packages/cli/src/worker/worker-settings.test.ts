import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readWorkerSettings, type WorkerStartOptions } from './worker-settings.ts';
import { workerCommand } from './worker-command.ts';

const NOWHERE = { server: 'http://127.0.0.1:1', token: 'x' } as const;

async function fileOf(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-test-worker-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const file = join(dir, 'bulkhead.toml');
  await writeFile(file, text);
  return file;
}

test('what nothing says is as X000-15 and decision 7 have it [X000-15]', async () => {
  expect(await readWorkerSettings({ ...NOWHERE, config: await fileOf('') }, {})).toMatchObject({
    ...{ tags: ['cpu', 'node'], allow: undefined, plugins: [], grants: {}, isOneShot: false, concurrency: 1 },
    ...{ idleExitMs: 600_000, uptimeMaxMs: 14_400_000, leaseMs: 10_000, spawner: undefined },
  });
});

test('what is typed goes before our environment, that before the names of X000-15, and all before the file [X000-15] [X000-27]', async () => {
  const config = await fileOf('[worker]\ntags = ["gpu"]\nconcurrency = 5\nidle_exit_seconds = 5\nlease_ms = 5000\n');
  const env = {
    ...{ WORKER_CAPS: 'docker, node', WORKER_CONCURRENCY: '4', WORKER_IDLE_EXIT: '4', WORKER_MAX_UPTIME: '4' },
    ...{ WORKER_PLUGINS: 'Echo', BULKHEAD__WORKER__CONCURRENCY: '3', BULKHEAD__WORKER__IDLE_EXIT_SECONDS: '3' },
  };
  expect(await readWorkerSettings({ ...NOWHERE, config, concurrency: 2 }, env)).toMatchObject({
    ...{ tags: ['docker', 'node'], concurrency: 2, idleExitMs: 3_000, uptimeMaxMs: 4_000, leaseMs: 5_000 },
    allow: ['Echo'],
  });
});

test('a worker with the tag llm has the models of the configuration, with their keys, and any other needs none [X000-15] [X000-25]', async () => {
  const text =
    '[egress]\nprivate_hosts = ["localhost:11434"]\n[[llm.backends]]\nname = "large"\napi_key_env = "LARGE_KEY"\nweight = 2\n';
  const config = await fileOf(text);
  const [llm, cpu] = [
    { ...NOWHERE, config, tags: ['cpu', 'llm'] },
    { ...NOWHERE, config, tags: ['cpu'] },
  ];
  expect((await readWorkerSettings(llm, { LARGE_KEY: 'k' })).models).toEqual({
    backends: [{ name: 'large', weight: 2, apiKey: { name: 'LARGE_KEY', value: 'k' } }],
    privateHosts: ['localhost:11434'],
    pluginHosts: {},
  });
  await expect(readWorkerSettings(llm, {})).rejects.toThrow('LARGE_KEY, which is not set');
  expect((await readWorkerSettings(cpu, {})).models.backends).toEqual([]);
});

test.for<readonly [string, WorkerStartOptions, Readonly<Record<string, string>>, object]>([
  ['a server that is typed', { server: 'http://a:1' }, { BULKHEAD_DATABASE_URL: 'postgres://d' }, { kind: 'server' }],
  ['a database', {}, { BULKHEAD_DATABASE_URL: 'postgres://d' }, { kind: 'database', url: 'postgres://d' }],
  ['a database by its other name', {}, { QUEUE_URL: 'postgres://d' }, { kind: 'database', url: 'postgres://d' }],
  ['a server by its other name', {}, { QUEUE_URL: 'http://b:2' }, { kind: 'server', remote: { server: 'http://b:2' } }],
  ['that of this machine', {}, {}, { kind: 'server', remote: { server: 'http://127.0.0.1:7070' } }],
])('tasks come from %s', async ([, options, env, place]) => {
  const settings = await readWorkerSettings({ ...options, token: 'x', config: await fileOf('') }, env);
  expect(settings.place).toMatchObject(place);
});

test.for<readonly [string, WorkerStartOptions, Readonly<Record<string, string>>, string]>([
  ['a tag that is none', {}, { WORKER_CAPS: 'cpu,no good' }, 'expected a list of tags'],
  ['a tag that is none and was typed', { tags: ['cpu', 'a b'] }, {}, '--tags is "cpu,a b"; expected a list of tags'],
  ['a number that is none', {}, { WORKER_CONCURRENCY: 'many' }, 'expected a whole number'],
  ['a queue of another kind', {}, { QUEUE_URL: 'redis://me:secret@q' }, 'QUEUE_URL is a URL of redis:; expected'],
  ['a queue that is no URL', {}, { QUEUE_URL: 'localhost' }, 'QUEUE_URL is no URL; expected postgres: or http:'],
  ['one worker and a spawner at once', { once: true, warmPool: 2 }, {}, '--once starts one worker'],
])('%s is refused in words', async ([, options, env, message]) => {
  await expect(readWorkerSettings({ ...NOWHERE, ...options }, env)).rejects.toMatchObject({
    message: expect.stringContaining(message),
  });
});

test('a worker as a process has the same options, and its token where nobody else sees it', () => {
  const options = { tags: ['cpu', 'gpu'], plugins: ['a', 'b'], grant: ['a=internet'], idleExit: 5, token: 'secret' };
  const { args, env } = workerCommand({ ...options, warmPool: 2, metricsPort: 1 }, ['--once']);
  expect(args.join(' ')).toBe(
    'worker start --tags cpu,gpu --idle-exit 5 --plugins a --plugins b --grant a=internet --once',
  );
  expect(env).toEqual({ BULKHEAD_TOKEN: 'secret' });
});
