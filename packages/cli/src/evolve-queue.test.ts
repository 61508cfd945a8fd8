/**
 * A run whose candidates are tasks of a server's queue: as many workers as there are, some of which are killed, come to the lineage that
 * one machine comes to.
 */
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  makeFolder,
  REPOSITORY,
  run,
  serve,
  start,
  type Ended,
  type Folder,
  type Running,
  type Served,
} from './cli-fixture.ts';

// A server, workers and a guest for each candidate.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 240_000 });

const EVALUATIONS = 12;
const SHORT = ['--evaluations', String(EVALUATIONS), '--target', '1', '--seed', '3', '--json'];

let folder: Folder;
let served: Served;
let place: readonly string[];
beforeAll(async () => {
  folder = await makeFolder();
  await cp(join(REPOSITORY, 'examples/evolve/k_module'), join(folder.path, 'k'), { recursive: true });
  served = await serve(['--data', join(folder.path, 'data')]);
  place = ['--server', served.ready.url, '--data', join(folder.path, 'data')];
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const evolve = (...args: readonly string[]): Promise<Ended> => run(['evolve', ...args], { cwd: folder.path });

function summaryIn({ stdout, stderr }: Ended): JsonObject {
  const value: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  if (isJsonObject(value)) return value;
  throw new Error(`no summary: ${stdout}${stderr}`);
}

async function startWorker(): Promise<Running> {
  const execute = ['--plugins', join(REPOSITORY, 'plugins/execute'), '--grant', 'execute=children'];
  const running = start(['worker', 'start', '--json', '--tags', 'cpu,node', ...execute, ...place]);
  onTestFinished(async () => {
    running.child.kill('SIGTERM');
    await running.ended;
  });
  await vi.waitUntil(() => running.stdout().includes('"ready"'), { timeout: 60_000 });
  return running;
}

/** Lines of the journal of a run. */
async function evaluationsIn(dir: string): Promise<number> {
  const text = await readFile(join(folder.path, dir, 'journal.ndjson'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line.includes('"evaluated"')).length;
}

// First of all: a worker is remembered for a minute.
test('a run without a worker says what its tasks wait for, and Ctrl-C takes them back', async () => {
  const asked = ['--config', 'k/evolve.toml', ...SHORT, '--out', 'alone', '--queue', ...place];
  const running = start(['evolve', 'run', ...asked], { cwd: folder.path });
  await vi.waitUntil(() => running.stderr().includes('waits: '), { timeout: 60_000 });
  running.child.kill('SIGINT');
  const ended = await running.ended;
  expect(ended.code).toBe(130);
  expect(ended.stderr).toContain('bulkhead evolve resume alone');
  const listed = await run(['queue', 'list', '--json', ...place]);
  const { tasks } = JSON.parse(listed.stdout) as { readonly tasks: readonly { readonly state: string }[] }; // Its form is tested.
  expect(tasks.filter(({ state }) => state === 'queued')).toEqual([]);
  expect(tasks.some(({ state }) => state === 'cancelled')).toBe(true);
});

test('workers come to the lineage of one machine, while one of them and then the run itself are killed [E3]', async () => {
  const here = summaryIn(await evolve('run', '--config', 'k/evolve.toml', ...SHORT, '--out', 'here'));
  const [doomed] = await Promise.all([startWorker(), startWorker()]);
  const asked = ['--config', 'k/evolve.toml', ...SHORT, '--workers', '4', '--queue', ...place];
  const killed = start(['evolve', 'run', ...asked, '--out', 'there'], { cwd: folder.path });
  await vi.waitUntil(async () => (await evaluationsIn('there')) >= 3, { timeout: 120_000 });
  doomed?.child.kill('SIGKILL');
  await vi.waitUntil(async () => (await evaluationsIn('there')) >= 6, { timeout: 120_000 });
  killed.child.kill('SIGKILL');
  await killed.ended;
  const there = summaryIn(await evolve('resume', 'there', '--queue', '--json', ...place));
  expect(there['evaluations']).toBe(EVALUATIONS);
  expect(there['lineage_hash']).toBe(here['lineage_hash']);
  expect(there['control_best']).toBe(here['control_best']);
});

test('where speed counts, or nobody could reach the queue, it is said before anything runs', async () => {
  const bad = join(REPOSITORY, 'examples/evolve/bad_sort/evolve.toml');
  const speed = await evolve('run', '--config', bad, '--out', 'speed', '--queue', ...place);
  expect(speed).toMatchObject({ code: 2, stderr: expect.stringContaining('objective is "speed"') });
  const nobody = await evolve('run', '--config', 'k/evolve.toml', '--out', 'none', '--queue', '--data', 'no-data');
  expect(nobody).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/there is no database in \S*no-data/),
  });
});
