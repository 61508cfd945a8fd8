import { execFile } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from './log.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The log writes to it for as long as the process lives, so nobody closes it. */
const openForLog = (path: string): number => openSync(path, 'w');

test('lines are JSON with time, level and fields; what is below the level is not written', async () => {
  const path = join(folder, 'flushed');
  const log = createLog('info', openForLog(path));
  log.debug({}, 'unseen');
  log.info({ tenant: 'default' }, 'seen\nforged "line"');
  log.error({ err: new Error('why') }, 'bad');
  log.flush();
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 30, time: expect.stringMatching(/^\d{4}-.*Z$/), tenant: 'default', msg: 'seen\nforged "line"' },
    { level: 50, time: expect.any(String), err: expect.objectContaining({ message: 'why' }), msg: 'bad' },
  ]);
});

test('a line is written soon, without being flushed', async () => {
  const path = join(folder, 'waiting');
  createLog('info', openForLog(path)).info({}, 'alone');
  await expect.poll(() => readFile(path, 'utf8')).toContain('alone');
});

test('what was logged just before the process ends is written', async () => {
  const module = new URL('./log.ts', import.meta.url).href;
  const code = `import { createLog } from '${module}'; createLog('info', 2).warn({ why: 'the end' }, 'last'); process.exit(3);`;
  const args = ['--conditions=source', '--input-type=module', '--eval', code];
  const ended = await promisify(execFile)(process.execPath, args).catch((error: unknown) => error);
  expect(ended).toMatchObject({ code: 3, stderr: expect.stringContaining('"why":"the end","msg":"last"') as string });
});

test('lines keep their order, however many come at once', async () => {
  const path = join(folder, 'many');
  const log = createLog('info', openForLog(path));
  for (let n = 0; n < 1_000; n += 1) log.info({ n }, 'é'.repeat(n % 50));
  log.flush();
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { readonly n: number }).n)).toEqual([...Array(1_000).keys()]);
});
