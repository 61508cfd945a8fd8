import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSearchRandom, streamFor, type SearchRandom } from './search-random.ts';

function drawn(random: SearchRandom, count: number): readonly number[] {
  return Array.from({ length: count }, () => random.int(0, 999));
}

test('a seed fixes the stream, on every machine and for good', () => {
  const random = createSearchRandom(1);
  expect([random.next(), random.next()]).toEqual([0.2511516373893333, 0.47404784673777023]);
  expect(drawn(createSearchRandom('7'), 5)).toEqual(drawn(createSearchRandom(7), 5));
  expect(drawn(createSearchRandom(8), 5)).not.toEqual(drawn(createSearchRandom(7), 5));
});

test('a stream is named by run, evaluation and purpose, and by nothing else', () => {
  const key = { runSeed: 5, evalIndex: 12, purpose: 'parent' };
  const named = drawn(streamFor(key), 8);
  expect(drawn(streamFor({ ...key }), 8)).toEqual(named);
  for (const other of [{ runSeed: 6 }, { evalIndex: 13 }, { purpose: 'mutation' }])
    expect(drawn(streamFor({ ...key, ...other }), 8)).not.toEqual(named);
  expect(drawn(streamFor({ runSeed: 5, evalIndex: 1, purpose: '2' }), 8)).not.toEqual(
    drawn(streamFor({ runSeed: 5, evalIndex: 12, purpose: '' }), 8),
  );
});

test('openevolve #267: what is drawn for one purpose moves no stream of another, in whatever order', () => {
  const alone = drawn(streamFor({ runSeed: 1, evalIndex: 3, purpose: 'prompt' }), 8);
  const parent = streamFor({ runSeed: 1, evalIndex: 3, purpose: 'parent' });
  drawn(parent, 100);
  const random = createSearchRandom(1);
  random.next();
  expect(drawn(streamFor({ runSeed: 1, evalIndex: 3, purpose: 'prompt' }), 8)).toEqual(alone);
  expect(drawn(random.fork('a'), 8)).toEqual(drawn(createSearchRandom(1).fork('a'), 8));
});

test('a stream goes on from its state, and so do its forks', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat({ max: 50 }), (seed, count) => {
      const random = createSearchRandom(seed).fork('x');
      drawn(random, count);
      const other = createSearchRandom('other');
      other.restore(random.state());
      expect(other.state()).toBe(random.state());
      expect(drawn(other.fork('y'), 4)).toEqual(drawn(random.fork('y'), 4));
      expect(drawn(other, 20)).toEqual(drawn(random, 20));
    }),
  );
});

test('whole numbers are from least to most, both among them', () => {
  const random = createSearchRandom(3);
  const values = new Set(Array.from({ length: 200 }, () => random.int(-2, 2)));
  expect([...values].toSorted((one, other) => one - other)).toEqual([-2, -1, 0, 1, 2]);
  expect(new Set(Array.from({ length: 100 }, () => random.below(3)))).toEqual(new Set([0, 1, 2]));
});

test.each([
  ['a seed that is no number', () => createSearchRandom(Number.NaN), 'seed is NaN'],
  ['no range', () => createSearchRandom(1).int(2, 1), 'the range is 2 to 1'],
  ['a range below 0', () => createSearchRandom(1).below(0), 'the range is 0 to -1'],
])('%s is refused', (_name, compute, words) => {
  expect(compute).toThrow(
    expect.objectContaining({ code: 'SELECTOR_INVALID', message: expect.stringContaining(words) }),
  );
});

test.each([
  '',
  '{}',
  '{"path":[],"words":[1,2,3,4]}',
  '{"path":["1"],"words":[1,2,3]}',
  '{"path":[1],"words":[1,2,3,4]}',
  '{"path":["1"],"words":[1,2,3,0.5]}',
])('the state %s was written by no stream', (state) => {
  expect(() => createSearchRandom(1).restore(state)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
});
