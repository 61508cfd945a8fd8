import { afterEach, expect, test } from 'vitest';
import type { Parcel } from '../base/parcel.ts';
import { openPlainWorkshop } from './workshop.fixture.ts';

const files = (texts: Readonly<Record<string, string>>): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries(texts).map(([path, text]) => [path, new Uint8Array(Buffer.from(text))]));
const review = (texts: Readonly<Record<string, string>>): { readonly verb: 'review'; readonly parcel: Parcel } => ({
  verb: 'review',
  parcel: { head: { entries: ['main.ts'], oversized: {} }, blobs: files(texts) },
});
const GOOD = review({ 'main.ts': 'export default 1;' });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const stopped: number[] = [];
afterEach(() => {
  for (const pid of stopped.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

test('one warm process serves job after job, in order', async () => {
  const done: string[] = [];
  await using workshop = openPlainWorkshop({ onDone: (verb) => void done.push(verb) });
  const answers = await Promise.all([workshop.ask(GOOD), workshop.ask(GOOD)]);
  const pid = workshop.pid();
  await workshop.ask(GOOD);
  expect(workshop.pid()).toBe(pid);
  expect(answers.map(({ head }) => head['reached'])).toEqual([['main.ts'], ['main.ts']]);
  expect(done).toEqual(['review', 'review', 'review']);
});

test('a process that was started beforehand serves the first job', async () => {
  await using workshop = openPlainWorkshop();
  workshop.warm();
  await expect.poll(() => workshop.pid()).toBeDefined();
  const pid = workshop.pid();
  await workshop.ask(GOOD);
  expect(workshop.pid()).toBe(pid);
});

test('where none can be started beforehand, the job that needs it says so', async () => {
  await using workshop = openPlainWorkshop({ prepare: () => Promise.reject(new Error('no processes are left')) });
  workshop.warm();
  await expect(workshop.ask(GOOD)).rejects.toMatchObject({ code: 'HOST_SPAWN_FAILED' });
});

test('[FAULTS-89] a process that hangs is ended at the time limit, and the next job has a fresh one', async () => {
  await using workshop = openPlainWorkshop({ timeMs: 1_500 });
  await workshop.ask(GOOD);
  const pid = workshop.pid() ?? 0;
  stopped.push(pid);
  process.kill(pid, 'SIGSTOP');
  const startedAt = performance.now();
  await expect(workshop.ask(GOOD)).rejects.toMatchObject({ code: 'REVIEW_LIMIT', details: { limit: 'workshop_ms' } });
  expect(performance.now() - startedAt).toBeLessThan(6_000);
  expect(isAlive(pid)).toBe(false);
  await workshop.ask(GOOD);
  expect(workshop.pid()).not.toBe(pid);
});

test('[FAULTS-89] a job that needs more memory than it may is ended', async () => {
  await using workshop = openPlainWorkshop({ memoryBytes: 100 * 1024 * 1024 });
  const heavy = review({ 'main.ts': `export default [${'{a:[1,2]},'.repeat(100_000)}];` });
  await expect(workshop.ask(heavy)).rejects.toMatchObject({ code: 'REVIEW_LIMIT' });
  expect(workshop.pid()).toBeUndefined();
});

test('a process that a job has made large is not kept for the next', async () => {
  await using workshop = openPlainWorkshop();
  const large = review({ 'main.ts': `export default [${'1,'.repeat(500_000)}];` });
  expect((await workshop.ask(large)).head['findings']).toEqual([]);
  expect(workshop.pid()).toBeUndefined();
  expect((await workshop.ask(GOOD)).head['reached']).toEqual(['main.ts']);
});

test.each([
  ['brackets', '['.repeat(1_000_000)],
  ['functions', 'a=>'.repeat(300_000)],
  ['templates', '`${'.repeat(300_000)],
])('[FAULTS-89] a megabyte of nested %s ends the process and not the host', async (_, text) => {
  await using workshop = openPlainWorkshop();
  await expect(workshop.ask(review({ 'main.ts': text }))).rejects.toMatchObject({ code: 'REVIEW_LIMIT' });
  expect((await workshop.ask(GOOD)).head['reached']).toEqual(['main.ts']);
});

test('[FAULTS-89] a process that crashes in a job takes only that job with it', async () => {
  await using workshop = openPlainWorkshop();
  await workshop.ask(GOOD);
  const pid = workshop.pid() ?? 0;
  process.kill(pid, 'SIGSTOP');
  const lost = workshop.ask(GOOD);
  const next = workshop.ask(GOOD);
  process.kill(pid, 'SIGKILL');
  await expect(lost).rejects.toMatchObject({
    code: 'REVIEW_LIMIT',
    message: 'the review process ended before it was done',
  });
  expect((await next).head['reached']).toEqual(['main.ts']);
});

const SAY = `import { Socket } from 'node:net';
const socket = new Socket({ fd: 3 });
const json = (value) => { const body = Buffer.from(JSON.stringify(value)); const head = Buffer.alloc(5); head.writeUInt32BE(body.length); head[4] = 1; socket.write(Buffer.concat([head, body])); };
socket.on('data', () => undefined);`;

test.each([
  ['bytes that are no frame', `socket.write(Buffer.alloc(64, 255));`],
  ['a frame that is no parcel', `json([1, 2, 3]);`],
  ['a head that announces too many bytes', `json({ head: { t: 'done' }, blobs: [['module', 1e12]] });`],
  [
    'a head that announces too many blobs',
    `json({ head: { t: 'done' }, blobs: Array.from({ length: 2_001 }, () => ['x', 0]) });`,
  ],
  ['a size below zero', `json({ head: { t: 'done' }, blobs: [['x', -1]] });`],
  ['a question that nobody answers', `json({ head: { t: 'ask' }, blobs: [] });`],
  ['a word that nobody knows', `json({ head: { t: 'hello' }, blobs: [] });`],
  [
    'a head inside a parcel',
    `json({ head: { t: 'done' }, blobs: [['x', 10]] }); json({ head: { t: 'done' }, blobs: [] });`,
  ],
  ['its end', `process.exit(3);`],
])('a workshop that answers with %s is ended, and the host lives on', async (_, act) => {
  await using workshop = openPlainWorkshop({ program: `${SAY}\n${act}`, timeMs: 5_000 });
  await expect(workshop.ask(GOOD)).rejects.toMatchObject({ code: 'REVIEW_LIMIT' });
  expect(workshop.pid()).toBeUndefined();
});

test('the time that the host takes to answer a question is not the workshop’s', async () => {
  await using workshop = openPlainWorkshop({ timeMs: 1_500 });
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, 2_000); // The passing of real time is what is tested.
  const answer = async (): Promise<Parcel> => {
    await isLate;
    return { head: { places: [] }, blobs: new Map() };
  };
  const { head } = await workshop.ask({ ...review({ 'main.ts': `import 'absent';` }), answer });
  clearTimeout(timer);
  expect(head['missing']).toEqual(['absent']);
});

test('what an answer throws ends the job with it', async () => {
  await using workshop = openPlainWorkshop();
  const answer = (): Promise<Parcel> => Promise.reject(new Error('the disk is gone'));
  await expect(workshop.ask({ ...review({ 'main.ts': `import 'absent';` }), answer })).rejects.toThrow(
    'the disk is gone',
  );
  expect(workshop.pid()).toBeUndefined();
});

test('a process without a job is ended after a while', async () => {
  await using workshop = openPlainWorkshop({ idleMs: 10 });
  await workshop.ask(GOOD);
  await expect.poll(() => workshop.pid()).toBeUndefined();
});

test('closing ends the process and fails the job in flight, and may be done twice', async () => {
  const workshop = openPlainWorkshop();
  await workshop.ask(GOOD);
  const pid = workshop.pid() ?? 0;
  process.kill(pid, 'SIGSTOP');
  const inFlight = workshop.ask(GOOD);
  const thrown = inFlight.catch((error: unknown) => error);
  await workshop.close();
  expect(await thrown).toMatchObject({ code: 'HOST_CLOSED' });
  await workshop.close();
  expect(isAlive(pid)).toBe(false);
  await expect(workshop.ask(GOOD)).rejects.toMatchObject({ code: 'HOST_CLOSED' });
});
