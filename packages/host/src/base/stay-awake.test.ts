import { expect, test } from 'vitest';
import { createStayAwake } from './stay-awake.ts';

/** A machine whose time and turns go on when the test says so. */
function createMachine(processors: number) {
  let time = 0;
  let next: (() => void)[] = [];
  const stayAwake = createStayAwake({ processors, now: () => time, nextTurn: (work) => void next.push(work) });
  return {
    stayAwake,
    isAwake: () => next.length > 0,
    /** Runs the turns that are due, after so many milliseconds; promises settle first, as between turns of Node's loop. */
    turn: async (afterMs = 0) => {
      time += afterMs;
      await Promise.resolve();
      const due = next;
      next = [];
      for (const work of due) work();
    },
  };
}

test('while one answer is waited for, turn follows turn until it is there', async () => {
  const { stayAwake, isAwake, turn } = createMachine(2);
  const { promise, resolve } = Promise.withResolvers<string>();
  const answer = stayAwake(promise);
  await turn();
  await turn();
  expect(isAwake()).toBe(true);
  resolve('here');
  await turn();
  expect(isAwake()).toBe(false);
  await expect(answer).resolves.toBe('here');
});

test('an answer that takes longer than 0.2 ms is slept for, and the next one is waited for awake again', async () => {
  const { stayAwake, isAwake, turn } = createMachine(2);
  const slow = Promise.withResolvers<void>();
  const answer = stayAwake(slow.promise);
  await turn(0.19);
  expect(isAwake()).toBe(true);
  await turn(0.01);
  expect(isAwake()).toBe(false);
  slow.resolve();
  await answer;
  void stayAwake(new Promise(() => undefined));
  expect(isAwake()).toBe(true);
});

test('where two are waited for the process sleeps, whichever came first', async () => {
  const { stayAwake, isAwake, turn } = createMachine(2);
  void stayAwake(new Promise(() => undefined));
  void stayAwake(new Promise(() => undefined));
  await turn();
  expect(isAwake()).toBe(false);
});

test('an answer that fails ends the wait, and fails for whoever asked', async () => {
  const { stayAwake, isAwake, turn } = createMachine(2);
  const answer = stayAwake(Promise.reject(new Error('lost')));
  await expect(answer).rejects.toThrow('lost');
  await turn();
  expect(isAwake()).toBe(false);
});

test('on one processor nobody stays awake: the answer is made on it', () => {
  const { stayAwake, isAwake } = createMachine(1);
  void stayAwake(new Promise(() => undefined));
  expect(isAwake()).toBe(false);
});
