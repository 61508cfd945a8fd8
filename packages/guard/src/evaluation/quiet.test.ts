import { expect, test } from 'vitest';
import { createQuiet } from './quiet.ts';

function pending(): { readonly work: () => Promise<void>; readonly end: () => void; readonly hasBegun: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let hasBegun = false;
  return {
    work: () => {
      hasBegun = true;
      return promise;
    },
    end: resolve,
    hasBegun: () => hasBegun,
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('what wants to be alone waits for what runs, and what comes later waits for it', async () => {
  const quiet = createQuiet();
  const [one, other, lonely, later] = [pending(), pending(), pending(), pending()];
  const all = [quiet.beside(one.work), quiet.beside(other.work), quiet.alone(lonely.work), quiet.beside(later.work)];
  await turns();
  expect([one, other, lonely, later].map(({ hasBegun }) => hasBegun())).toEqual([true, true, false, false]);
  one.end();
  await turns();
  expect(lonely.hasBegun()).toBe(false);
  other.end();
  await turns();
  expect([lonely.hasBegun(), later.hasBegun()]).toEqual([true, false]);
  lonely.end();
  await turns();
  expect(later.hasBegun()).toBe(true);
  later.end();
  await Promise.all(all);
});

test('work that fails gives its place back', async () => {
  const quiet = createQuiet();
  const fail = async (): Promise<never> => {
    throw new Error('no');
  };
  await expect(quiet.alone(fail)).rejects.toThrow('no');
  await expect(quiet.beside(fail)).rejects.toThrow('no');
  expect(await quiet.alone(async () => 'there')).toBe('there');
});
