import { expect, test } from 'vitest';
import { createBatch, type BatchOptions } from './batch.ts';

type Row = { readonly id: string };

/** A batch whose timer elapses when the test says so, and which keeps what was written and lost. */
function createBench(options: Partial<BatchOptions<Row>> = {}) {
  const written: (readonly Row[])[] = [];
  const lost: number[] = [];
  const timers: (() => void)[] = [];
  const batch = createBatch<Row>({
    write: async (rows) => void written.push(rows),
    didLose: (rows) => void lost.push(rows),
    startTimer: (_delayMs, didElapse) => {
      timers.push(didElapse);
      return () => void timers.splice(timers.indexOf(didElapse), 1);
    },
    ...options,
  });
  return { batch, written, lost, timers };
}

const row = (id: string): Row => ({ id });

test('rows wait for the timer and are then one write in their order', async () => {
  const { batch, written, timers } = createBench();
  batch.add(row('1'));
  batch.add(row('2'));
  expect([written.length, timers.length]).toEqual([0, 1]);
  timers[0]?.();
  await batch.flush();
  expect(written).toEqual([[row('1'), row('2')]]);
  expect(timers).toEqual([]);
});

test('as many rows as make a write are written without waiting for the timer', async () => {
  const { batch, written, timers } = createBench({ flushAtRows: 2 });
  for (const id of ['1', '2', '3']) batch.add(row(id));
  await new Promise(setImmediate);
  expect(written).toEqual([[row('1'), row('2'), row('3')]]);
  for (const id of ['4', '5']) batch.add(row(id));
  await new Promise(setImmediate);
  expect([written.length, timers.length]).toEqual([2, 0]);
});

test('a write that fails loses its rows, counts them, and the next write goes on', async () => {
  const errors: unknown[] = [];
  const written: (readonly Row[])[] = [];
  const { batch } = createBench({
    write: async (rows) => {
      if (rows.length === 2) throw new Error('disk is gone');
      written.push(rows);
    },
    didLose: (rows, cause) => void errors.push([rows, cause]),
  });
  batch.add(row('1'));
  batch.add(row('2'));
  await batch.flush();
  batch.add(row('3'));
  await batch.flush();
  expect(errors).toEqual([[2, new Error('disk is gone')]]);
  expect(written).toEqual([[row('3')]]);
});

test('beyond its bound a row is lost and counted, and what waits is written', async () => {
  const { batch, written, lost } = createBench({ rowsMax: 2 });
  for (const id of ['1', '2', '3']) batch.add(row(id));
  await batch.flush();
  expect(written).toEqual([[row('1'), row('2')]]);
  expect(lost).toEqual([1]);
});

test('one write at a time: rows that come during a write are in the next', async () => {
  const gate = Promise.withResolvers<void>();
  const written: (readonly Row[])[] = [];
  const { batch } = createBench({
    write: async (rows) => {
      written.push(rows);
      await gate.promise;
    },
  });
  batch.add(row('1'));
  const first = batch.flush();
  await Promise.resolve();
  batch.add(row('2'));
  const second = batch.flush();
  expect(written).toEqual([[row('1')]]);
  gate.resolve();
  await Promise.all([first, second]);
  expect(written).toEqual([[row('1')], [row('2')]]);
});

test('close writes what waits, leaves no timer, and a later row is counted as lost', async () => {
  const { batch, written, lost, timers } = createBench();
  batch.add(row('1'));
  await batch.close();
  batch.add(row('2'));
  expect([written, lost, timers]).toEqual([[[row('1')]], [1], []]);
});

test('a write that may go well later is tried again, before what came after it', async () => {
  let isAway = true;
  const written: (readonly Row[])[] = [];
  const { batch, lost, timers } = createBench({
    write: async (rows) => {
      if (isAway) throw new Error('away');
      written.push(rows);
    },
    mayRetry: () => true,
  });
  batch.add(row('1'));
  await batch.flush();
  batch.add(row('2'));
  expect([lost, timers.length]).toEqual([[], 1]);
  isAway = false;
  timers[0]?.();
  await batch.flush();
  expect(written).toEqual([[row('1'), row('2')]]);
  batch.add(row('3'));
  await batch.flush();
  expect([written.length, timers.length]).toEqual([2, 0]);
});

test('while a write is to be tried again no row starts another, and beyond the bound rows are lost and counted', async () => {
  let writes = 0;
  const { batch, lost, timers } = createBench({
    write: async () => {
      writes += 1;
      throw new Error('away');
    },
    mayRetry: () => true,
    flushAtRows: 2,
    rowsMax: 3,
  });
  batch.add(row('1'));
  await batch.flush();
  for (const id of ['2', '3', '4']) batch.add(row(id));
  await new Promise(setImmediate);
  expect([writes, lost, timers.length]).toEqual([1, [1], 1]);
});

test('a failure that time does not mend loses its rows', async () => {
  const { batch, lost, timers } = createBench({
    write: async () => {
      throw new Error('refused');
    },
    mayRetry: () => false,
  });
  batch.add(row('1'));
  await batch.flush();
  expect([lost, timers]).toEqual([[1], []]);
});

test('what has waited long is written in bites of 5,000 rows, all of it', async () => {
  let isAway = true;
  const sizes: number[] = [];
  const { batch } = createBench({
    write: async (rows) => {
      if (isAway) throw new Error('away');
      sizes.push(rows.length);
    },
    mayRetry: () => true,
  });
  batch.add(row('first'));
  await batch.flush();
  for (let index = 1; index < 10_600; index += 1) batch.add(row(String(index)));
  isAway = false;
  await batch.flush();
  expect(sizes).toEqual([5_000, 5_000, 600]);
});

test('close tries once more; what cannot be written then is lost', async () => {
  const { batch, lost, timers } = createBench({
    write: async () => {
      throw new Error('away');
    },
    mayRetry: () => true,
  });
  batch.add(row('1'));
  await batch.flush();
  await batch.close();
  expect([lost, timers]).toEqual([[1], []]);
});
