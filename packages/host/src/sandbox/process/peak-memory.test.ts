import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { readPeakRssBytes, resetPeakRss } from './peak-memory.ts';

const MIB = 1024 * 1024;
/** Holds so many MiB for a moment, then says so. */
const HOLDER =
  "process.stdin.on('data', (mib) => { Buffer.alloc(Number(mib) * 1024 * 1024, 1); process.stdout.write('held'); })";

function startHolder(): ChildProcessWithoutNullStreams & { readonly pid: number } {
  const child = spawn(process.execPath, ['-e', HOLDER]);
  const { pid } = child;
  if (pid === undefined) throw new Error('no process');
  return Object.assign(child, { pid });
}

test('the count is of what was held at most since it began, and begins anew', async () => {
  const holder = startHolder();
  const hold = async (mib: number): Promise<void> => {
    const held = once(holder.stdout, 'data');
    holder.stdin.write(String(mib));
    await held;
  };
  await hold(1);
  expect(resetPeakRss(holder.pid)).toBe(true);
  const before = readPeakRssBytes(holder.pid) ?? 0;
  expect(before).toBeGreaterThan(20 * MIB);
  await hold(64);
  expect((readPeakRssBytes(holder.pid) ?? 0) - before).toBeGreaterThan(60 * MIB);
  const exited = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exited;
});

test('a process that is gone has no count, and none begins', async () => {
  const holder = startHolder();
  const exited = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exited;
  expect(readPeakRssBytes(holder.pid)).toBeUndefined();
  expect(resetPeakRss(holder.pid)).toBe(false);
});
