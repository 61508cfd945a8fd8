import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonValue } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cached } from './cache.ts';
import { failed, type Executor, type ExecutorAbout } from './executor.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'guard-cache-'));
});
afterAll(() => rm(dir, { recursive: true }));

const ABOUT: ExecutorAbout = { name: 'counting', config: { a: 1 }, isDeterministic: true };

/** Answers how often it was asked, when `gate` is over; fails for the function `fail`, and ends with its signal. */
function counting(
  more: { readonly about?: ExecutorAbout; readonly gate?: Promise<void>; readonly bytesMax?: number } = {},
) {
  const { about = ABOUT, gate, bytesMax = 1_000_000 } = more;
  const runs: { readonly signal: AbortSignal | undefined }[] = [];
  const executor: Executor = {
    about,
    execute: async (...[, funcName, , , , { signal } = {}]) => {
      runs.push({ signal });
      const result = runs.length;
      await gate;
      if (funcName === 'fail') return failed('exception', 'no', { durationMs: 1 });
      return { success: true, result, duration_ms: 3, stdout: '', stderr: '' };
    },
  };
  const front = cached(executor, { bytesMax, clock: { now: () => 0 } });
  const ask = async (filePath: string, args: readonly JsonValue[] = [], timeoutS = 1, signal?: AbortSignal) => {
    const { success, result, error_type } = await front.execute(filePath, 'f', args, timeoutS, 64, { signal });
    return success ? result : error_type;
  };
  return { executor, front, runs, ask };
}

test('what is known is answered without a run, whatever the order of keys', async () => {
  const { ask, runs } = counting();
  expect([await ask('a\n', [{ x: 1, y: 2 }]), await ask('a\n', [{ y: 2, x: 1 }])]).toEqual([1, 1]);
  expect(runs).toHaveLength(1);
});

test('other content, arguments or limits are another run', async () => {
  const { ask } = counting();
  expect([
    await ask('a\n'),
    await ask('b\n'),
    await ask('a\n', [1]),
    await ask('a\n', [], 2),
    await ask('a\n'),
  ]).toEqual([1, 2, 3, 4, 1]);
});

test('a file that changes is another implementation, and the same content elsewhere is the same', async () => {
  const { ask } = counting();
  const [one, other] = [join(dir, 'one.ts'), join(dir, 'other.ts')];
  await writeFile(one, 'first');
  await writeFile(other, 'first');
  expect([await ask(one), await ask(other)]).toEqual([1, 1]);
  await writeFile(one, 'second');
  expect([await ask(one), await ask(other)]).toEqual([2, 1]);
});

test('a file that changes while it runs is not kept', async () => {
  const gate = Promise.withResolvers<void>();
  const { ask, runs } = counting({ gate: gate.promise });
  const file = join(dir, 'changing.ts');
  await writeFile(file, 'before');
  const running = ask(file);
  await expect.poll(() => runs.length).toBe(1);
  await writeFile(file, 'after');
  gate.resolve();
  await running;
  await writeFile(file, 'before');
  expect(await ask(file)).toBe(2);
});

test('a path at which nothing can be read is asked again: it may be that of a server', async () => {
  const { ask } = counting();
  const large = join(dir, 'large.ts');
  await writeFile(large, 'x'.repeat(1_048_577));
  expect([await ask('/srv/sort.ts'), await ask('/srv/sort.ts'), await ask(large), await ask(large)]).toEqual([
    1, 2, 3, 4,
  ]);
  expect([await ask('Say hello.'), await ask('Say hello.')]).toEqual([5, 5]);
});

test('failures are asked again', async () => {
  const { front, runs } = counting();
  for (let n = 0; n < 2; n += 1)
    expect(await front.execute('a\n', 'fail', [], 1, 64)).toMatchObject({ success: false });
  expect(runs).toHaveLength(2);
});

test('executors that do not say that they are deterministic are left as they are', () => {
  const { executor, front } = counting({ about: { ...ABOUT, isDeterministic: false } });
  expect(front).toBe(executor);
  const { about, ...silent } = executor;
  expect([about?.name, cached(silent, { bytesMax: 1, clock: performance })]).toEqual(['counting', silent]);
});

test('the same asked at once runs once, and whoever leaves leaves alone', async () => {
  const gate = Promise.withResolvers<void>();
  const { ask, runs } = counting({ gate: gate.promise });
  const controller = new AbortController();
  const asking = [ask('a\n'), ask('a\n', [], 1, controller.signal), ask('a\n')];
  await expect.poll(() => runs.length).toBe(1);
  controller.abort();
  expect(await asking[1]).toBe('cancelled');
  expect(runs[0]?.signal?.aborted).toBe(false);
  gate.resolve();
  expect(await Promise.all(asking)).toEqual([1, 'cancelled', 1]);
  expect(runs).toHaveLength(1);
});

test('a run that nobody waits for any more is ended, and the next to ask starts its own', async () => {
  const gate = Promise.withResolvers<void>();
  const { ask, runs } = counting({ gate: gate.promise });
  const controller = new AbortController();
  const asking = ask('a\n', [], 1, controller.signal);
  await expect.poll(() => runs.length).toBe(1);
  controller.abort();
  expect(await asking).toBe('cancelled');
  expect(runs[0]?.signal?.aborted).toBe(true);
  const next = ask('a\n');
  gate.resolve();
  expect(await next).toBe(2);
});

test('what was used longest ago goes first, and no more is kept than the bytes allow', async () => {
  const { ask } = counting({ bytesMax: 300 });
  expect([await ask('a\n'), await ask('b\n'), await ask('a\n'), await ask('c\n')]).toEqual([1, 2, 1, 3]);
  expect([await ask('a\n'), await ask('b\n')]).toEqual([1, 4]);
  const small = counting({ bytesMax: 10 });
  expect([await small.ask('a\n'), await small.ask('a\n')]).toEqual([1, 2]);
  expect(() => counting({ bytesMax: Number.NaN })).toThrow('bytesMax is NaN');
});

test('whoever changes an answer changes no other', async () => {
  const { front } = counting();
  const first = await front.execute('a\n', 'f', [], 1, 64);
  Object.assign(first, { result: 'changed' });
  expect(await front.execute('a\n', 'f', [], 1, 64)).toMatchObject({ result: 1 });
});

test('closing it forgets, and closes the executor behind it', async () => {
  let closed = 0;
  const { executor } = counting();
  const front = cached(
    { ...executor, close: () => Promise.resolve(void (closed += 1)) },
    { bytesMax: 1_000, clock: performance },
  );
  await front.execute('a\n', 'f', [], 1, 64);
  await front.close?.();
  expect(await front.execute('a\n', 'f', [], 1, 64)).toMatchObject({ result: 2 });
  expect(closed).toBe(1);
});
