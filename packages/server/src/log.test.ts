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

test('a disk that is full costs lines, and neither the process nor its end', async () => {
  const module = new URL('./log.ts', import.meta.url).href;
  const code = `import { createLog } from '${module}';
    import { openSync } from 'node:fs';
    const log = createLog('info', openSync('/dev/full', 'w'));
    log.info({}, 'lost');
    await log.flushed();
    log.info({}, 'lost at the end');
    console.log('alive');`;
  const args = ['--conditions=source', '--input-type=module', '--eval', code];
  expect(await promisify(execFile)(process.execPath, args)).toEqual({ stdout: 'alive\n', stderr: '' });
});

test('lines that were lost are told of once lines can be written again', async () => {
  const path = join(folder, 'again');
  const module = new URL('./log.ts', import.meta.url).href;
  // The lowest number that is free is given to the next file: it takes the place of the full one.
  const code = `import { createLog } from '${module}';
    import { closeSync, openSync } from 'node:fs';
    const fd = openSync('/dev/full', 'w');
    const log = createLog('info', fd);
    log.info({}, 'lost');
    await log.flushed();
    closeSync(fd);
    console.log(openSync(${JSON.stringify(path)}, 'w') === fd);
    log.info({}, 'written');`;
  const args = ['--conditions=source', '--input-type=module', '--eval', code];
  expect(await promisify(execFile)(process.execPath, args)).toEqual({ stdout: 'true\n', stderr: '' });
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 30, time: expect.any(String), msg: 'written' },
    { level: 40, time: expect.any(String), writes: 1, msg: 'earlier lines could not be written, and are lost' },
  ]);
});

test('lines keep their order, however many come at once', async () => {
  const path = join(folder, 'many');
  const log = createLog('info', openForLog(path));
  for (let n = 0; n < 1_000; n += 1) log.info({ n }, 'é'.repeat(n % 50));
  await log.flushed();
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { readonly n: number }).n)).toEqual([...Array(1_000).keys()]);
});
