import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isProvedDead, ownIdentity, type ProcessIdentity } from './process-table.ts';

async function stat(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** A process that starts another, tells its pid, and never waits for it. */
async function startCarelessParent(): Promise<{ readonly parent: ChildProcess; readonly orphan: number }> {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const { promise, resolve } = Promise.withResolvers<string>();
  parent.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString()));
  return { parent, orphan: Number(await promise) };
}

test('this process is not proved dead', async () => {
  expect(await isProvedDead(await ownIdentity())).toBe(false);
});

test('a process that was killed is dead although nobody has waited for it', async () => {
  const { parent, orphan } = await startCarelessParent();
  try {
    const startTime = Number((await stat(orphan))[19]);
    const identity: ProcessIdentity = { ...(await ownIdentity()), pid: orphan, start_time: startTime };
    expect(await isProvedDead(identity)).toBe(false);
    process.kill(orphan, 'SIGKILL');
    await expect.poll(async () => (await stat(orphan))[0]).toBe('Z');
    expect(await isProvedDead(identity)).toBe(true);
  } finally {
    parent.kill('SIGKILL');
  }
});
