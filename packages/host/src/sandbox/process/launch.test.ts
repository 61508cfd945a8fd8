import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TIERS, type Tier } from '@bulkhead/protocol';
import { tierObstacle, type LaunchCommand } from './command.ts';
import { findGuests, openLaunchFixture, type LaunchFixture } from './launch-fixture.ts';
import { missingForTier } from './receipt.ts';
import { findToolset } from './toolset.ts';

const toolset = await findToolset();
const TIERS_HERE = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);

let fixture: LaunchFixture;
beforeAll(async () => {
  fixture = await openLaunchFixture();
});
afterAll(() => fixture.close());

test.each(TIERS_HERE)('the self-test finds nothing open at tier %s [FAULTS 56-66]', async (tier) => {
  expect(missingForTier(tier, await fixture.probe(tier))).toEqual([]);
});

/** One flag or option less (or changed), and the layer whose probe must then turn red. */
const MUTATIONS: readonly (readonly [tier: Tier, take: string, put: string, layer: string])[] = [
  ['process', '--permission', '', 'permission-model'],
  ['process', '--disallow-code-generation-from-strings', '', 'code-generation'],
  ['process', '--no-experimental-sqlite', '', 'permission-model'],
  ['confined', 'landlock=1', '', 'files'],
  ['confined', 'seccomp=4', '', 'sockets'],
  ['confined', 'read=/proc/self', 'read=/', 'files'],
  ['confined', 'data=', 'data=9000000000', 'memory-limit'],
  ['confined', 'nofile=', 'nofile=256', 'open-files-limit'],
  ['confined', 'fsize=', '', 'file-limits'],
  ['jail', '--seccomp', '', 'system-calls'],
  ['jail', '--unshare-all', '--unshare-pid --unshare-uts', 'namespaces'],
  ['jail', '--hostname', '', 'namespaces'],
  ['jail', '--remount-ro', '', 'read-only-view'],
  ['jail', '--chdir', '--ro-bind /etc /etc --chdir', 'files'],
];

test.each(MUTATIONS.filter(([tier]) => TIERS_HERE.includes(tier)))(
  'tier %s without %s (but "%s") is found out by layer %s',
  async (tier, take, put, layer) => {
    const report = await fixture.probe(tier, { mutate: (command) => replaceArgument(command, take, put) });
    expect(missingForTier(tier, report).map((text) => text.split(':')[0])).toContain(layer);
  },
);

/** Options that take a value, which goes with them where nothing else takes the value over. */
const WITH_VALUE = ['--seccomp', '--remount-ro', '--hostname'];

function replaceArgument(command: LaunchCommand, take: string, put: string): LaunchCommand {
  const index = command.args.findIndex((argument) =>
    take.endsWith('=') ? argument.startsWith(take) : argument === take,
  );
  if (index === -1) return command; // The run without the permission model.
  const args = command.args.toSpliced(
    index,
    put === '' && WITH_VALUE.includes(take) ? 2 : 1,
    ...put.split(' ').filter(Boolean),
  );
  // Without the permission model its exceptions are errors.
  return {
    ...command,
    args: take === '--permission' ? args.filter((argument) => !argument.startsWith('--allow-')) : args,
  };
}

test.each(TIERS_HERE)('a file that the host holds open does not reach a guest at tier %s [FAULTS 40]', async (tier) => {
  const inherited = openSync('/etc/passwd', 'r');
  const guest = await fixture.start(fixture.command(tier), inherited);
  closeSync(inherited);
  const code = `import { fstatSync } from 'node:fs';
    const isFile = (fd) => { try { return fstatSync(fd).isFile(); } catch { return false; } };
    export default () => Array.from({ length: 64 }, (_, fd) => fd).filter(isFile);`;
  expect(await guest.ask(code)).toEqual([]);
  await guest.end();
});

test.each(TIERS_HERE)(
  'a guest at tier %s that aborts ends by SIGABRT, or as bubblewrap reports it [FAULTS 30]',
  async (tier) => {
    const guest = await fixture.start(fixture.command(tier));
    const closed = once(guest.child, 'close');
    await expect(guest.ask('export default () => process.abort()')).rejects.toThrow('the guest ended');
    expect(await closed).toEqual(tier === 'jail' ? [134, null] : [null, 'SIGABRT']);
  },
);

test.each(TIERS_HERE)(
  'a heap without end at tier %s is reported by V8 before the kernel refuses memory [FAULTS 20]',
  async (tier) => {
    const guest = await fixture.start(fixture.command(tier));
    const code = 'export default () => { const held = []; for (;;) held.push(new Array(1000).fill({})); }';
    await expect(guest.ask(code)).rejects.toThrow('the guest ended');
    expect(guest.stderr()).toContain('JavaScript heap out of memory');
  },
);

// APPROVED: kernels without groups of sessions have no such file, and nothing to lower.
test.runIf(existsSync('/proc/self/autogroup'))('a guest gives way to its host among sessions too', async () => {
  const guest = await fixture.start(fixture.command('process'));
  expect(readFileSync(`/proc/${guest.child.pid}/autogroup`, 'utf8')).toMatch(/ nice 5\n$/);
  await guest.end();
});

test.each(TIERS_HERE)('the group kill leaves nothing of a guest at tier %s [FAULTS 39]', async (tier) => {
  const guest = await fixture.start(fixture.command(tier));
  await guest.end();
  await expect.poll(() => findGuests(fixture.runDirectory.token)).toEqual([]);
});

test.each(TIERS_HERE)(
  'a guest at tier %s writes in its temp folder, bounded, and nowhere else [FAULTS 35]',
  async (tier) => {
    const tempDir = fixture.runDirectory.makeTempDir(fixture.shapeOf(tier).uid);
    const guest = await fixture.start(fixture.command(tier, { shape: { ...fixture.shapeOf(tier), tempDir } }));
    const code = `import { writeFileSync } from 'node:fs';
    const write = (path, bytes) => { try { writeFileSync(path, Buffer.alloc(bytes)); return 'written'; } catch (error) { return error.code; } };
    export default (dir) => [write(dir + '/small', 10), write(dir + '/large', 9 * 1024 * 1024), write(dir + '/../other', 10)];`;
    expect(await guest.ask(code, tempDir)).toEqual(['written', 'EFBIG', 'ERR_ACCESS_DENIED']);
    await guest.end();
    await fixture.runDirectory.removeTempDir(tempDir);
  },
);

// APPROVED: a tier exists on the machines that offer it; the receipt says which do.
test.runIf(TIERS_HERE.includes('jail'))(
  'without perl a jail holds all the same, but for what the host was started with',
  async () => {
    const withoutPerl = { ...toolset, perl: { found: false, cure: 'apt-get install perl-base' } as const };
    const report = await fixture.probe('jail', { request: { toolset: withoutPerl } });
    const missing = missingForTier('jail', report).map((text) => text.split(':')[0]);
    expect(missing.filter((name) => name !== 'descriptors')).toEqual([]);
  },
);

test('a guest has no capability, also where it runs as root because its host does [FAULTS 66]', async () => {
  const { kernel } = await fixture.probe('process');
  expect(kernel.find(({ name }) => name === 'status-capabilities')).toMatchObject({ got: 'nothing', refused: true });
});

test('a lock that cannot be applied ends the launch with one line', async () => {
  const command = fixture.command('process');
  const script = command.args[1] ?? '';
  const child = spawn(command.file, [
    '-w',
    script,
    `arch=${process.arch}`,
    'keep=3',
    'landlock=1',
    'read=/nowhere',
    '--',
    '/bin/true',
  ]);
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  expect(await once(child, 'close')).toEqual([78, null]);
  expect(stderr).toBe('bulkhead launch: open /nowhere: No such file or directory\n');
});

/** Numbers on x86_64 and aarch64, and two arguments: enough to tell a refusal by the filter from one by the call. */
const KERNEL_CALLS = {
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  bpf: [321, 280],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  keyctl: [250, 219],
  mount: [165, 40],
  unshare: [272, 97],
  setns: [308, 268],
  memfd_create: [319, 279],
  setsid: [112, 157],
} as const;

// APPROVED: the launcher needs perl; without it the tier is refused, which command.test.ts shows.
test.runIf(toolset.perl.found)('the kernel refuses its rarer calls under the filter [FAULTS 63]', async () => {
  const command = fixture.command('confined');
  const numbers = Object.values(KERNEL_CALLS).map((pair) => pair[process.arch === 'x64' ? 0 : 1]);
  const script = `for (@ARGV) { $! = 0; syscall($_ + 0, 0, 0); print int($!), " " }`;
  const launcher = [command.args[1] ?? '', `arch=${process.arch}`, 'keep=4', 'seccomp=4', '--'];
  const filter = openSync(fixture.staged.filters.confined, 'r');
  const child = spawn(command.file, [...launcher, command.file, '-e', script, ...numbers.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ignore', filter],
  });
  closeSync(filter);
  let output = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  await once(child, 'close');
  const [EPERM, ENOSYS] = [1, 38];
  const expected = Object.keys(KERNEL_CALLS).map((name) => (name === 'io_uring_setup' ? ENOSYS : EPERM));
  expect(output.trim().split(' ').map(Number)).toEqual(expected);
});

// APPROVED: the launcher needs perl; without it there is no lifeline.
test.runIf(toolset.perl.found)(
  'what a guest’s program has forked dies with the host, though it asked for no signal',
  async () => {
    const { file, args } = fixture.command('process');
    // It forks, then waits for ever, as bubblewrap does until its parent has made its namespaces.
    const script = 'fork; $| = 1; print "$$\\n"; sleep 600';
    const launched = [file, args[1] ?? '', `arch=${process.arch}`, 'keep=3', 'lifeline=0', '--', file, '-e', script];
    const code = `const [file, ...args] = process.argv.slice(1);
    require('node:child_process').spawn(file, args, { stdio: ['pipe', 'inherit', 'inherit'], detached: true });`;
    const host = spawn(process.execPath, ['-e', code, ...launched], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    host.stdout.on('data', (text: Buffer) => (told += text.toString()));
    const pids = (): readonly string[] => told.trim().split('\n');
    await expect.poll(() => pids().length).toBe(2);
    host.kill('SIGKILL');
    await expect.poll(() => pids().filter(isRunning), { timeout: 1_000 }).toEqual([]);
  },
);

function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
