import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createIdTable } from './id-table.ts';

/** Ids that meet in one slot are as frequent as others. */
const ids = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: 0, max: 8 }).map((n) => 128 * n + 5),
);
const steps = fc.array(fc.tuple(fc.constantFrom('set', 'take', 'get'), ids), { maxLength: 400 });

test('a table answers as a Map does', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const table = createIdTable<number>();
      const map = new Map<number, number>();
      for (const [index, [step, id]] of taken.entries()) {
        if (step === 'get') expect(table.get(id)).toBe(map.get(id));
        else if (step === 'take') {
          expect(table.take(id)).toBe(map.get(id));
          map.delete(id);
        } else {
          table.set(id, index);
          map.set(id, index);
        }
        expect(table.size()).toBe(map.size);
      }
      const inOrder = [...map].toSorted(([one], [other]) => one - other).map(([, value]) => value);
      expect(table.values()).toEqual(inOrder);
    }),
    { numRuns: 1_000 },
  );
});

test('a table grows with what it holds, beside one that stays for ever', () => {
  const table = createIdTable<number>();
  table.set(0, 0);
  for (let id = 1; id <= 5_000; id += 1) table.set(id, id);
  for (let id = 1; id <= 5_000; id += 1) expect(table.take(id)).toBe(id);
  expect(table.values()).toEqual([0]);
  table.clear();
  expect([table.size(), table.get(0)]).toEqual([0, undefined]);
});
