import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNoveltyFilter } from './novelty-filter.ts';
import { fingerprintsOf, jaccard } from './winnowing.ts';

/** A program of 60 lines, of which one is different for each number. */
function programOf(number: number): string {
  const lines = Array.from({ length: 60 }, (_, at) => `  total += values[${at}] * weight${at}(values);`);
  return `function f(values) {\n  let total = ${number};\n${lines.join('\n')}\n  return total;\n}`;
}

test('what is not known is evaluated', () => {
  const filter = createNoveltyFilter();
  expect(filter.judge('const f = () => 1', 0)).toEqual({ action: 'evaluate', likeness: undefined });
});

test('a copy is turned away three times, and then evaluated with a mark', () => {
  const filter = createNoveltyFilter();
  filter.remember('first', 'const f = (a) => a * a');
  const likeness = { kind: 'copy', of: 'first', similarity: 1 };
  const copy = 'const f = (b) => b * b; // mine';
  for (const resamples of [0, 1, 2]) expect(filter.judge(copy, resamples)).toEqual({ action: 'resample', likeness });
  expect(filter.judge(copy, 3)).toEqual({ action: 'evaluate', likeness });
});

test('of a long program one number more or less is a near copy, and of a short one it is not', () => {
  const filter = createNoveltyFilter();
  filter.remember('long', programOf(0));
  filter.remember('short', 'const g = (a) => a + 1');
  expect(filter.judge(programOf(7), 0)).toMatchObject({
    action: 'resample',
    likeness: { kind: 'near_copy', of: 'long' },
  });
  expect(filter.judge('const g = (a) => a + 2', 0)).toEqual({ action: 'evaluate', likeness: undefined });
  expect(createNoveltyFilter({ near_max: 0 }).judge(programOf(7), 0).likeness).toBeUndefined();
});

test('near copies are looked for among the latest, copies among all', () => {
  const filter = createNoveltyFilter({ near_max: 1 });
  filter.remember('long', programOf(0));
  filter.remember('short', 'const g = 1');
  expect(filter.judge(programOf(7), 0).likeness).toBeUndefined();
  expect(filter.judge(programOf(0), 0).likeness).toMatchObject({ kind: 'copy', of: 'long' });
});

test('of two copies the first is the one that is named', () => {
  const filter = createNoveltyFilter({ language: 'text' });
  filter.remember('one', 'be brief');
  filter.remember('two', 'be  brief');
  expect(filter.judge('be brief', 0).likeness).toMatchObject({ of: 'one' });
});

test('the filter goes on from its state, through JSON', () => {
  const first = createNoveltyFilter();
  first.remember('long', programOf(0));
  first.remember('short', 'const g = 1');
  const second = createNoveltyFilter();
  second.restore(JSON.parse(JSON.stringify(first.state())));
  for (const source of [programOf(0), programOf(3), 'const g = 1', 'const h = 2'])
    expect(second.judge(source, 0)).toEqual(first.judge(source, 0));
  expect(second.state()).toEqual(first.state());
  for (const state of [{}, { ids: 1 }, { ids: [[]], latest: [] }, { ids: [], latest: [['a']] }])
    expect(() => second.restore(state)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
});

test('a key that the filter does not know is refused with the nearest', () => {
  expect(() => createNoveltyFilter({ resample_max: 2 })).toThrow(
    expect.objectContaining({
      code: 'SELECTOR_INVALID',
      message: expect.stringContaining('did you mean resamples_max?'),
    }),
  );
});

test('similarity is 1 with itself, the same both ways, and any shared run of eight words is noticed', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 8, maxLength: 40 });
  fc.assert(
    fc.property(words, words, (one, other) => {
      const [mine, theirs] = [fingerprintsOf(one), fingerprintsOf(other)];
      expect(jaccard(mine, mine)).toBe(1);
      expect(jaccard(mine, theirs)).toBe(jaccard(theirs, mine));
      expect(jaccard(mine, fingerprintsOf([...other, ...one.slice(0, 8)]))).toBeGreaterThan(0);
    }),
  );
});
