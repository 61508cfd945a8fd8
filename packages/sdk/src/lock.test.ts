import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLock } from './lock.ts';

test('work under a lock never overlaps, whatever it waits for, and runs in its order [F004-18]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 12 }), async (waits) => {
      const lock = createLock();
      const seen: string[] = [];
      const work = (index: number, ticks: number) => async (): Promise<number> => {
        seen.push(`enter ${index}`);
        for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
        seen.push(`leave ${index}`);
        return index;
      };
      const answers = await Promise.all(waits.map((ticks, index) => lock(work(index, ticks))));
      expect(answers).toEqual(waits.map((_, index) => index));
      expect(seen).toEqual(waits.flatMap((_, index) => [`enter ${index}`, `leave ${index}`]));
    }),
  );
});

test('work that throws gives the lock back [F004-18]', async () => {
  const lock = createLock();
  const failing = lock(() => Promise.reject(new Error('no')));
  const next = lock(() => 'next');
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('next');
});
