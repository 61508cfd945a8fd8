/**
 * A host that is killed takes with it what its guests' own means do not reach.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findToolset } from './toolset.ts';
import { openWatchman } from './watchman.ts';

const toolset = await findToolset();
const silent = { warn: () => undefined };

/** Living processes with that argument, by their pids. */
function processesWith(argument: string): readonly string[] {
  const isMarked = (pid: string): boolean => {
    try {
      const isZombie = /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return !isZombie && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isMarked(name));
}

/** A host in a process of its own, with nothing but a watchman. */
function startHost(token: string): ChildProcess {
  const module = new URL('./watchman.ts', import.meta.url).href;
  const options = JSON.stringify({ perl: toolset.perl, token });
  const code = `import { openWatchman } from '${module}';
    openWatchman({ ...${options}, log: console });
    setInterval(() => undefined, 1_000);
    console.log('open');`;
  return spawn(process.execPath, ['--conditions=source', '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

// APPROVED: the watchman needs perl, and the process that it has to reach a user namespace; every machine of ours has both.
test.runIf(toolset.perl.found)(
  'the init of a pid namespace that waits for ever is dead within a second of its host, and what is not marked lives',
  async () => {
    const token = randomBytes(16).toString('hex');
    const host = startHost(token);
    await once(host.stdout ?? host, 'data');
    const mark = `generation=${token}`;
    // It ignores what a signal from within or of the kernel's I/O would do, as bubblewrap's first process does.
    const init = ['--user', '--map-root-user', '--pid', '--fork', '/usr/bin/perl', '-e', 'sleep 600'];
    const guest = spawn('/usr/bin/unshare', [...init, mark], { stdio: 'ignore', detached: true });
    const other = spawn('sleep', ['600'], { stdio: 'ignore' });
    await expect.poll(() => processesWith(mark).length).toBe(2);
    host.kill('SIGKILL');
    await expect.poll(() => processesWith(mark), { timeout: 1_000 }).toEqual([]);
    expect(other.exitCode).toBeNull();
    other.kill();
    await Promise.all([
      once(other, 'exit'),
      guest.exitCode === null && guest.signalCode === null && once(guest, 'exit'),
    ]);
  },
);

// APPROVED: the watchman needs perl.
test.runIf(toolset.perl.found)('a watchman that is closed is gone, ends nobody, and says nothing', async () => {
  const token = randomBytes(16).toString('hex');
  const mark = `generation=${token}`;
  const guest = spawn('/usr/bin/perl', ['-e', 'sleep 600', mark], { stdio: 'ignore' });
  const said: unknown[] = [];
  const watchman = openWatchman({ perl: toolset.perl, token, log: { warn: (...words) => void said.push(words) } });
  await watchman.close();
  await watchman.close();
  expect(processesWith(mark)).toEqual([String(guest.pid)]);
  expect(said).toEqual([]);
  guest.kill();
  await once(guest, 'exit');
});

test('where there is no perl there is no watchman, and closing none is no error', async () => {
  const perl = { found: false, cure: 'apt-get install perl-base' } as const;
  const watchman = openWatchman({ perl, token: '0'.repeat(32), log: silent });
  expect(await watchman.close()).toBeUndefined();
});

test('one that cannot be started is told, and is no error', async () => {
  const said: unknown[] = [];
  const perl = { found: true, path: '/nowhere/perl' } as const;
  const watchman = openWatchman({ perl, token: '0'.repeat(32), log: { warn: (...words) => void said.push(words) } });
  await expect.poll(() => said.length).toBe(1);
  await watchman.close();
});
