import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { isProvedDead, ownIdentity, parseIdentity } from '../sandbox/process/process-table.ts';
import { lockDataDirectory, type Identities, type LockTiming } from './data-lock.ts';

const OURS = { own: () => ownIdentity(), parse: parseIdentity, isProvedDead };
const QUICK: LockTiming = { beatMs: 20, silentMs: 200 };

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-lock-test-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Another process that takes the lock; `answer` is `held`, or the code of the refusal. */
async function startHolder(): Promise<{ readonly child: ChildProcess; readonly answer: string }> {
  const child = fork(new URL('lock-holder.fixture.ts', import.meta.url), [dir], {
    execArgv: ['--conditions=source'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  onTestFinished(() => kill(child));
  const [answer] = (await once(child, 'message')) as [string];
  return { child, answer };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Leaves what a holder of another boot leaves when it is cut off, with its last sign of life so long ago. */
async function leaveHolder(ageMs: number): Promise<string> {
  const path = join(dir, 'holder.json');
  const other = {
    ...(await ownIdentity()),
    boot_id: 'another boot',
    token: 't',
    host: 'other',
    since: '2026-01-31T00:00:00.000Z',
  };
  await writeFile(path, JSON.stringify(other));
  const at = (Date.now() - ageMs) / 1_000;
  await utimes(path, at, at);
  return path;
}

test('a second taker is refused and told who holds the directory, where and since when', async () => {
  const { child, answer } = await startHolder();
  expect(answer).toBe('held');
  await expect(lockDataDirectory(dir, OURS)).rejects.toMatchObject({
    code: 'DATA_LOCKED',
    message: expect.stringMatching(
      new RegExp(
        `^the server with pid ${child.pid} on "${hostname()}", since \\d{4}-[^ ]+Z, holds the data directory "${dir}"$`,
      ),
    ) as string,
  });
});

test('a second taker in the same process is refused', async () => {
  await using lock = await lockDataDirectory(dir, OURS);
  await expect(lockDataDirectory(dir, OURS)).rejects.toMatchObject({ code: 'DATA_LOCKED' });
  await expect(lockDataDirectory(dir, OURS)).rejects.toMatchObject({ code: 'DATA_LOCKED' });
  expect((await startHolder()).answer).toBe('DATA_LOCKED');
  expect(lock).toBeDefined();
});

test('a lock that was given back can be taken, and names nobody meanwhile', async () => {
  await (await lockDataDirectory(dir, OURS))[Symbol.asyncDispose]();
  expect(await readdir(dir)).toEqual(['holder.sqlite']);
  await using again = await lockDataDirectory(dir, OURS);
  expect(again).toBeDefined();
  expect((await readdir(dir)).toSorted()).toEqual(['holder.json', 'holder.sqlite']);
});

test('the lock of a killed holder is taken at once', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { child, answer } = await startHolder();
    expect(answer).toBe('held');
    await kill(child);
  }
  const startedAt = performance.now();
  await using lock = await lockDataDirectory(dir, OURS, { beatMs: 60_000, silentMs: 60_000 });
  expect(lock).toBeDefined();
  expect(performance.now() - startedAt).toBeLessThan(60_000);
});

test('of many takers of a dead lock exactly one gets it', async () => {
  await kill((await startHolder()).child);
  const takers = await Promise.all(Array.from({ length: 6 }, startHolder));
  expect(takers.map(({ answer }) => answer).toSorted()).toEqual([...Array(5).fill('DATA_LOCKED'), 'held']);
});

test('no taker prints anything', async () => {
  const { child } = await startHolder();
  let said = '';
  child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
  await kill(child);
  expect(said).toBe('');
});

test('a live process is not robbed, not even where its lock was lost', async () => {
  const { child } = await startHolder();
  const named = await readFile(join(dir, 'holder.json'));
  await rm(join(dir, 'holder.sqlite'));
  await expect(lockDataDirectory(dir, OURS)).rejects.toMatchObject({
    code: 'DATA_LOCKED',
    message: expect.stringContaining(`pid ${child.pid} `) as string,
  });
  expect(await readFile(join(dir, 'holder.json'))).toEqual(named);
});

test('a process of another pid namespace that lost its lock is gone', async () => {
  const path = await leaveHolder(0);
  const here = await ownIdentity();
  const elsewhere: Identities<typeof here> = { ...OURS, parse: () => ({ ...here, pid_namespace: 'pid:[1]' }) };
  await using lock = await lockDataDirectory(dir, elsewhere);
  expect(lock).toBeDefined();
  expect(await readFile(path, 'utf8')).not.toContain('another boot');
});

test('a holder of another boot that was silent long enough is dead, and its lock taken without a wait', async () => {
  await leaveHolder(11_000);
  await using lock = await lockDataDirectory(dir, OURS, { beatMs: 60_000, silentMs: 10_000 });
  expect(lock).toBeDefined();
});

test('a holder of another boot that gives no further sign is waited for', async () => {
  await leaveHolder(0);
  const startedAt = performance.now();
  await using lock = await lockDataDirectory(dir, OURS, QUICK);
  expect(lock).toBeDefined();
  expect(performance.now() - startedAt).toBeGreaterThan(QUICK.silentMs * 0.9);
});

test('a holder of another boot that gives signs lives, whatever its clock says, and is named', async () => {
  const path = await leaveHolder(-3_600_000);
  let beat = Date.now() + 3_600_000;
  const beating = setInterval(() => void utimes(path, (beat += 1_000) / 1_000, beat / 1_000), QUICK.beatMs);
  onTestFinished(() => clearInterval(beating));
  await expect(lockDataDirectory(dir, OURS, QUICK)).rejects.toMatchObject({
    code: 'DATA_LOCKED',
    message: expect.stringContaining('on "other", since 2026-01-31T00:00:00.000Z') as string,
  });
});

test('a holder gives signs while it holds', async () => {
  await using lock = await lockDataDirectory(dir, OURS, QUICK);
  expect(lock).toBeDefined();
  const path = join(dir, 'holder.json');
  const { mtimeMs } = await stat(path);
  await expect.poll(async () => (await stat(path)).mtimeMs).toBeGreaterThan(mtimeMs);
});

test('others may list the directory, and can neither read nor lock', async () => {
  await chmod(dir, 0o755);
  await using lock = await lockDataDirectory(dir, OURS);
  expect(lock).toBeDefined();
  const modes = await Promise.all(
    ['holder.json', 'holder.sqlite'].map(async (name) => (await stat(join(dir, name))).mode),
  );
  expect(modes.map((mode) => mode & 0o777)).toEqual([0o600, 0o600]);
});

test('a file that is no lock is said to be in the way, and stays', async () => {
  const path = join(dir, 'holder.sqlite');
  await writeFile(path, 'not a lock, but something else that somebody may want to keep'.repeat(100));
  await expect(lockDataDirectory(dir, OURS)).rejects.toMatchObject({ code: 'DATA_UNUSABLE' });
  expect(await readFile(path, 'utf8')).toContain('not a lock');
});
