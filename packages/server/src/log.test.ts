import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
