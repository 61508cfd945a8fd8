import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder } from './in-order.ts';

/** Work that ends when it is told to, in any order. */
function createBench() {
  const begun = new Map<number, () => void>();
  let most = 0;
  return {
    work: (item: number) =>
      new Promise<number>((resolve) => {
        begun.set(item, () => {
          begun.delete(item);
          resolve(item);
        });
        most = Math.max(most, begun.size);
      }),
    begun: () => [...begun.keys()],
    end: (item: number) => begun.get(item)?.(),
    most: () => most,
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('what is done in any order is taken in the order of the items, and no more at once than allowed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.infiniteStream(fc.nat()),
      async (count, atOnce, choices) => {
        const bench = createBench();
        const taken: number[] = [];
        let hasEnded = false;
        const items = Array.from({ length: count }, (_, index) => index);
        const all = inOrder(items, {
          atOnce,
          work: bench.work,
          take: async (done) => {
            taken.push(done);
            return 'go_on';
          },
        }).then(() => (hasEnded = true));
        await turns();
        while (!hasEnded) {
          const open = bench.begun();
          const choice = open[choices.next().value % Math.max(1, open.length)];
          if (choice !== undefined) bench.end(choice);
          await turns();
        }
        await all;
        expect(taken).toEqual(items);
        expect(bench.most()).toBe(Math.min(count, atOnce));
      },
    ),
  );
});

test('after a stop nothing more is begun, and what was begun has ended when it settles', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  await inOrder([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], {
    atOnce: 2,
    work: async (item) => {
      begun.push(item);
      await Promise.resolve();
      ended.push(item);
      return item;
    },
    take: async (done) => (done === 1 ? 'stop' : 'go_on'),
  });
  expect(new Set(ended)).toEqual(new Set(begun));
  expect(begun.length).toBeLessThan(10);
});

test('the first failure in order is what it rejects with, whichever came first in time', async () => {
  const bench = createBench();
  const all = inOrder([0, 1], {
    atOnce: 2,
    work: async (item) => {
      await bench.work(item);
      throw new Error(`item ${item}`);
    },
    take: async () => 'go_on',
  });
  await turns();
  bench.end(1);
  await turns();
  bench.end(0);
  await expect(all).rejects.toThrow('item 0');
});

test('what the taker rejects with ends it', async () => {
  const all = inOrder([0, 1, 2], {
    atOnce: 1,
    work: async (item) => item,
    take: async (done) => {
      if (done === 1) throw new Error('the disk is full');
      return 'go_on';
    },
  });
  await expect(all).rejects.toThrow('the disk is full');
});
