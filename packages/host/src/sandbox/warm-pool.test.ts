import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWarmPool, type Spare, type WarmPool } from './warm-pool.ts';

type Shape = 'default' | 'large';
type FakeSpare = Spare & {
  readonly shape: Shape;
  readonly boot: (failure?: string) => void;
  readonly die: () => void;
  readonly isClosed: () => boolean;
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openPool(
  size = 2,
  refuses: () => boolean = () => false,
): { pool: WarmPool<Shape, FakeSpare>; made: FakeSpare[] } {
  const made: FakeSpare[] = [];
  const boot = (shape: Shape): FakeSpare | undefined => {
    if (refuses()) return undefined;
    const spare = createFake(shape);
    made.push(spare);
    return spare;
  };
  const options = { size, defaultShape: 'default' as const, keyOf: (shape: Shape) => shape, boot };
  return { pool: createWarmPool<Shape, FakeSpare>({ ...options, refillDelayMs: 20, replaceDelayMs: 1_000 }), made };
}

function createFake(shape: Shape): FakeSpare {
  const booted = Promise.withResolvers<unknown>();
  const died = Promise.withResolvers<unknown>();
  let isEnding = false;
  let isClosed = false;
  return {
    shape,
    booted: booted.promise,
    died: died.promise,
    isSpare: () => !isEnding,
    boot: (failure) => booted.resolve(failure),
    die: () => {
      isEnding = true;
      died.resolve(undefined);
    },
    isClosed: () => isClosed,
    close: async () => {
      isEnding = true;
      isClosed = true;
      booted.resolve('closed');
      died.resolve(undefined);
    },
  };
}

test('a spare is taken once it has booted, and is replaced a little later', async () => {
  const { pool, made } = openPool();
  expect([made.length, pool.take('default')]).toEqual([2, undefined]);
  made[0]?.boot();
  await vi.advanceTimersByTimeAsync(0);
  expect(pool.spareCount()).toBe(1);
  expect(pool.take('default')).toBe(made[0]);
  expect(pool.take('default')).toBeUndefined();
  expect(made).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(20);
  expect(made).toHaveLength(3);
});

test('a spare of another shape is kept only while that shape is in use', async () => {
  const { pool, made } = openPool(2);
  expect(pool.take('large')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(50);
  expect(made.filter(({ shape }) => shape === 'large')).toEqual([]);
  const release = pool.retain('large');
  const releaseToo = pool.retain('large');
  await vi.advanceTimersByTimeAsync(50);
  const large = made.filter(({ shape }) => shape === 'large');
  expect(large).toHaveLength(1);
  large[0]?.boot();
  await vi.advanceTimersByTimeAsync(0);
  release();
  expect(large[0]?.isClosed()).toBe(false);
  releaseToo();
  expect(large[0]?.isClosed()).toBe(true);
  expect(pool.take('large')).toBeUndefined();
});

test('a spare that boots after its shape went out of use is ended', async () => {
  const { pool, made } = openPool(1);
  const release = pool.retain('large');
  await vi.advanceTimersByTimeAsync(50);
  release();
  const large = made.find(({ shape }) => shape === 'large');
  large?.boot();
  await vi.advanceTimersByTimeAsync(0);
  expect(large?.isClosed()).toBe(true);
});

test('a spare that died in the pool is never taken, and is replaced after a second', async () => {
  const { pool, made } = openPool(1);
  made[0]?.boot();
  await vi.advanceTimersByTimeAsync(0);
  made[0]?.die();
  expect(pool.take('default')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(20);
  expect(made).toHaveLength(2);
  made[1]?.boot();
  await vi.advanceTimersByTimeAsync(0);
  made[1]?.die();
  await vi.advanceTimersByTimeAsync(999);
  expect(made).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(made).toHaveLength(3);
});

test('[FAULTS-114] a machine that boots no spare is asked again only when somebody wants a guest', async () => {
  let isFull = true;
  const { pool, made } = openPool(1, () => isFull);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(made).toHaveLength(0);
  isFull = false;
  expect(pool.take('default')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(20);
  made[0]?.boot('it broke');
  await vi.advanceTimersByTimeAsync(60_000);
  expect([made.length, pool.spareCount()]).toEqual([1, 0]);
});

test('a pool that is closed ends spares and those that boot, and starts none', async () => {
  const { pool, made } = openPool(2);
  made[0]?.boot();
  await vi.advanceTimersByTimeAsync(0);
  pool.take('default');
  const release = pool.retain('large');
  await pool.close();
  release();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(made.slice(1).every((spare) => spare.isClosed())).toBe(true);
  expect(made).toHaveLength(2);
  expect(pool.take('default')).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

test('a pool of size 0 boots nothing for any shape', async () => {
  const { pool, made } = openPool(0);
  pool.retain('large');
  await vi.advanceTimersByTimeAsync(60_000);
  expect([made.length, pool.take('default')]).toEqual([0, undefined]);
});
