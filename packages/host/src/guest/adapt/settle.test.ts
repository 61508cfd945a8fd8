// oxlint-disable unicorn/no-thenable -- thenables are what is tested
import { expect, test } from 'vitest';
import { settle } from './settle.ts';

test.for([1, 'a', null, undefined, true, [], {}, () => 1])('a value that is there continues at once: %o', (value) => {
  expect(settle(value, (given) => [given])).toEqual([value]);
});

test('a promise continues later, and so does any thenable', async () => {
  await expect(settle(Promise.resolve(1), (given) => [given])).resolves.toEqual([1]);
  const thenable = { then: (resolve: (value: number) => void) => resolve(2) };
  await expect(settle(thenable, (given) => [given])).resolves.toEqual([2]);
});

test('a rejection and a `then` that throws both reject', async () => {
  await expect(settle(Promise.reject(new Error('no')), () => 1)).rejects.toThrow('no');
  const hostile = {
    then: () => {
      throw new Error('hostile');
    },
  };
  await expect(settle(hostile, () => 1)).rejects.toThrow('hostile');
});

test('a thenable’s `then` is read once', async () => {
  let reads = 0;
  const changing = {
    get then() {
      reads += 1;
      return reads === 1 ? (resolve: (value: string) => void) => resolve('first') : undefined;
    },
  };
  await expect(settle(changing, (given) => given)).resolves.toBe('first');
  expect(reads).toBe(1);
});
