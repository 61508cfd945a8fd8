/**
 * Rows of the faults table that a plugin never gets as far as, because the guest's import rule ends it first: what lies
 * below that rule. A program of ours takes the plugin's place, once with Node's permission model and once without, and
 * attempts each; the kernel's answer is asserted for each tier, also where it lets through, as the host's receipt says.
 */
import { TIERS, type Receipt, type Tier } from '@bulkhead/protocol';
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findGuests } from '../../packages/host/src/sandbox/process/launch-fixture.ts';
import { findProcesses } from '../../packages/host/src/sandbox/process/process-table.ts';
import { systemCallNumber, type SystemCall } from '../../packages/host/src/sandbox/process/syscall-numbers.ts';
import { openScratch } from '../support/scratch.ts';
import { tiersHere } from '../support/tiers.ts';
import { openBareGuests, type BareGuest, type BareGuests } from './matrix/bare-guests.ts';
import type { KernelAttempt, KernelCall } from './matrix/kernel-attempts.ts';

const MIB = 1024 * 1024;
const DENIED = 'ERR_ACCESS_DENIED';
const SHARED_MEMORY = '/dev/shm';
const FOLDERS = ['/', '/dev', SHARED_MEMORY, '/tmp'];
/** Of a guest in a control group of its own: more than its own threads. */
const PROCESSES_MAX = 32;

/** From tier `confined` on the kernel itself refuses files, calls and processes. */
const isWalled = (tier: Tier): boolean => TIERS.indexOf(tier) >= TIERS.indexOf('confined');

function layerOf({ layers }: Receipt, name: string): Receipt['layers'][number] {
  const layer = layers.find((each) => each.name === name);
  if (layer === undefined) throw new Error(`the receipt has no layer ${name}`);
  return layer;
}

/** Whether the receipt names this attempt of the self-test as one that was not refused. */
function isOpen(receipt: Receipt, layer: string, probe: string): boolean {
  const { holds, how } = layerOf(receipt, layer);
  return !holds && how.includes(`${probe} got `);
}

const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';

function callsOf(args: Readonly<Partial<Record<SystemCall, KernelCall['args']>>>): readonly KernelCall[] {
  return Object.entries(args).flatMap(([name, values]) => {
    const number = systemCallNumber(name as SystemCall, architecture); // A key of the record above.
    return number === undefined ? [] : [{ name, number, args: values }];
  });
}

const PTRACE_SEIZE = 0x4206;
const MS_REMOUNT = 32;
const CLONE_NEWUSER = 0x1000_0000;
const SIGCHLD = 17;
/** What capabilities refuse where no filter does: a path that is no mount could not be changed either way. */
const PRIVILEGED_CALLS = callsOf({
  mount: [0, '/proc/self', 0, MS_REMOUNT],
  umount2: ['/proc/self'],
  chroot: ['/'],
});
/** Arguments are such that, without the filter, a jail's kernel answers none of these with EPERM: what does is the filter. */
const REFUSED_CALLS = callsOf({
  ptrace: [PTRACE_SEIZE, process.pid],
  process_vm_readv: [process.pid],
  process_vm_writev: [process.pid],
  pidfd_open: [process.pid],
  pidfd_getfd: [0],
  kcmp: [process.pid, process.pid],
  bpf: [0],
  perf_event_open: [0, 0, -1, -1],
  userfaultfd: [1],
  keyctl: [0, -3],
  add_key: ['user', 'name', 'value', 5, -3],
  unshare: [CLONE_NEWUSER],
  setns: [0],
  clone: [CLONE_NEWUSER + SIGCHLD],
  fork: [],
  memfd_create: ['program'],
  personality: [0],
  setsid: [],
  setpriority: [0, process.pid, 19],
});
const ABSENT_CALLS = callsOf({ clone3: [], io_uring_setup: [1], io_uring_enter: [], io_uring_register: [] });

const named = (calls: readonly KernelCall[], answer: string): Readonly<Record<string, string>> =>
  Object.fromEntries(calls.map(({ name }) => [name, answer]));

/** One after the other, in one guest. */
async function attemptAll(guest: BareGuest, attempts: readonly KernelAttempt[]): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (const what of attempts) answers.push(await guest.attempt(what));
  return answers;
}

/** The files that this process has open, but for those of /proc: the host looks there now and then. */
async function hostFiles(): Promise<readonly string[]> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '/proc'));
  return (await Promise.all(links)).filter((target) => !target.startsWith('/proc')).toSorted();
}

async function countIn(pid: number, folder: 'fd' | 'task'): Promise<number> {
  return (await readdir(`/proc/${pid}/${folder}`)).length;
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number);
}

const FLOODS = (['fill_folder', 'flood_folder'] as const).flatMap((verb) =>
  FOLDERS.map((path): KernelAttempt => ({ do: verb, path, count: 1 })),
);
const FILL: KernelAttempt = { do: 'fill_file', path: '/fill', count: 1 };

type AtTier = { readonly tier: Tier; readonly guests: BareGuests; readonly bare: BareGuest };

/** Where the kernel itself refuses. */
function walledTests(at: () => AtTier): void {
  test('[FAULTS-25] [FAULTS-26] [FAULTS-35] the kernel has no place for a file: its view is read-only, bare, or refused', async () => {
    expect(layerOf(at().guests.receipt, 'files').holds).toBe(true);
    const codes = at().tier === 'jail' ? ['EROFS', 'EROFS', 'ENOENT', 'ENOENT'] : FOLDERS.map(() => 'EACCES');
    const expected = [...codes, ...codes, codes[0]].map((code) => `${code} after 0`);
    expect(await attemptAll(at().bare, [...FLOODS, FILL])).toEqual(expected);
  });

  test('[FAULTS-32] the filter refuses every child process', async () => {
    expect(layerOf(at().guests.receipt, 'child-processes').holds).toBe(true);
    const before = await findGuests(at().guests.token);
    expect(await at().bare.attempt({ do: 'spawn', count: 50 })).toBe('EPERM after 0');
    expect(await findGuests(at().guests.token)).toEqual(before);
  });
}

/** Where it does not, as the receipt says: what bounds a guest there. */
function unwalledTests(at: () => AtTier): void {
  test.each([
    ['fill_folder', 96],
    ['flood_folder', 200_000],
  ] as const)(
    '[FAULTS-25] [FAULTS-26] in a folder in memory that everybody may write, %s ends with the guest where it has a group',
    async (verb, count) => {
      expect(layerOf(at().guests.receipt, 'files').holds).toBe(false);
      await using folder = await openScratch('walls', 0o1777, SHARED_MEMORY);
      const group = { memoryBytes: 64 * MIB, processesMax: PROCESSES_MAX };
      const guest = await at().guests.start({ withoutPermissionModel: true, group });
      const seen = await guest.attempt({ do: verb, path: folder.path, count });
      await guest.end();
      const { holds } = layerOf(at().guests.receipt, 'memory-cgroup');
      expect([seen, guest.wasOutOfMemory()]).toEqual(holds ? [[null, 'SIGKILL'], true] : [`done ${count}`, false]);
    },
  );

  test('[FAULTS-35] a file that may be written ends at 8 MiB', async () => {
    await using folder = await openScratch('walls', 0o1777, SHARED_MEMORY);
    const path = join(folder.path, 'fill');
    expect(await at().bare.attempt({ do: 'fill_file', path, count: 9 })).toBe('EFBIG after 8');
    expect((await stat(path)).size).toBe(8 * MIB);
  });

  test('[FAULTS-32] without a filter children end at the control group, or go on where there is none, and all end with the guest', async () => {
    expect(layerOf(at().guests.receipt, 'child-processes').holds).toBe(false);
    const group = { memoryBytes: 256 * MIB, processesMax: PROCESSES_MAX };
    const guest = await at().guests.start({ withoutPermissionModel: true, group });
    const seen = await guest.attempt({ do: 'spawn', count: 50 });
    const children = await childrenOf(guest.pid);
    const threadCount = await countIn(guest.pid, 'task');
    // A group that bounds memory need not bound processes; the receipt says how many were refused, if any.
    const { holds, how } = layerOf(at().guests.receipt, 'memory-cgroup');
    const expected = holds && how.includes('refused') ? PROCESSES_MAX - threadCount : 50;
    expect([seen, children.length]).toEqual([expected === 50 ? 'done 50' : `EAGAIN after ${expected}`, expected]);
    await guest.end();
    await expect.poll(() => findProcesses(({ pid }) => children.includes(pid))).toEqual([]);
  });
}

describe.each(await tiersHere())('at tier %s', (tier) => {
  let guests: BareGuests;
  /** With Node's permission model, exactly as a plugin's; and without, against the kernel alone. */
  let modelled: BareGuest;
  let bare: BareGuest;
  beforeAll(async () => {
    guests = await openBareGuests(tier);
    [modelled, bare] = await Promise.all([guests.start(), guests.start({ withoutPermissionModel: true })]);
  });
  afterAll(() => guests?.close());

  (isWalled(tier) ? walledTests : unwalledTests)(() => ({ tier, guests, bare }));

  test('[FAULTS-25] [FAULTS-26] [FAULTS-35] Node’s permission model lets nothing be written, in files, bytes or names', async () => {
    const answers = await attemptAll(modelled, [...FLOODS, FILL]);
    expect(new Set(answers)).toEqual(new Set([`${DENIED} after 0`]));
  });

  test('[FAULTS-34] descriptors end at 64, those of the host are untouched, and it starts another guest meanwhile', async () => {
    const before = await hostFiles();
    for (const guest of [modelled, bare]) {
      expect(await guest.attempt({ do: 'hold_descriptors', path: guests.guestPath })).toBe('EMFILE');
      expect(await countIn(guest.pid, 'fd')).toBe(64);
    }
    expect(await hostFiles()).toEqual(before);
    const another = await guests.start();
    await another.end();
    for (const guest of [modelled, bare]) expect(await guest.attempt({ do: 'release_descriptors' })).toBe('done');
  });

  test('[FAULTS-32] [FAULTS-33] [FAULTS-65] Node’s permission model refuses children, threads and libraries', async () => {
    const count = async (): Promise<readonly number[]> => [
      await countIn(modelled.pid, 'task'),
      (await findGuests(guests.token)).length,
    ];
    const before = await count();
    const answers = await attemptAll(modelled, [
      { do: 'spawn', count: 50 },
      { do: 'start_workers', count: 50 },
      { do: 'load_library' },
      { do: 'load_addon' },
    ]);
    expect(answers).toEqual([`${DENIED} after 0`, `${DENIED} after 0`, DENIED, 'ERR_DLOPEN_DISABLED']);
    expect(await count()).toEqual(before);
  });

  test('[FAULTS-33] a thread, past Node’s permission model, needs more memory than a guest has, and ends it alone', async () => {
    const guest = await guests.start({ withoutPermissionModel: true });
    const seen = await guest.attempt({ do: 'start_workers', count: 50 });
    // Bubblewrap tells of a signal by an exit code, as a shell does.
    expect(seen).toEqual(tier === 'jail' ? [128 + 5, null] : [null, 'SIGTRAP']);
    expect(guest.stderr()).toContain('Fatal process out of memory');
  });

  test('[FAULTS-65] without Node’s permission model add-ons are still off, and only what Node is linked with is at hand', async () => {
    expect(await attemptAll(bare, [{ do: 'load_addon' }, { do: 'load_library' }])).toEqual([
      'ERR_DLOPEN_DISABLED',
      'done',
    ]);
  });

  test('[FAULTS-58] the host’s priority is out of reach, or as open as the receipt says', async () => {
    const isOpenHere = isOpen(guests.receipt, 'signals', 'renice-host');
    const refusal = tier === 'jail' ? 'ESRCH' : 'EPERM';
    const expected = isOpenHere ? 'done' : refusal;
    expect(await modelled.attempt({ do: 'renice', pid: process.pid })).toBe(expected);
    expect(await bare.attempt({ do: 'renice', pid: process.pid })).toBe(expected);
    expect(isOpenHere && tier !== 'process').toBe(false);
  });

  test('[FAULTS-60] what /proc tells of the host is what the receipt says', async () => {
    const { pid } = process;
    const reads: readonly KernelAttempt[] = [
      { do: 'read_cmdline', pid },
      { do: 'read_environ', pid },
      { do: 'open_mem', pid },
    ];
    expect(await attemptAll(modelled, reads)).toEqual([DENIED, DENIED, DENIED]);
    const refusal = tier === 'jail' ? 'ENOENT' : 'EACCES';
    const cmdline = isOpen(guests.receipt, 'other-processes', 'list-processes') ? 'done' : refusal;
    // The kernel asks no less for memory than for the environment; where that is open the receipt says nothing of it.
    const rest = isOpen(guests.receipt, 'other-processes', 'read-host-environ') ? ['done'] : [refusal, refusal];
    const expected = [cmdline, ...rest];
    expect(await attemptAll(bare, reads.slice(0, expected.length))).toEqual(expected);
    expect(layerOf(guests.receipt, 'other-processes').holds).toBe(isWalled(tier));
  });

  test('[FAULTS-63] the kernel’s rarer parts are refused by the filter, or by the lack of capabilities', async () => {
    const { holds } = layerOf(guests.receipt, 'system-calls');
    expect(holds).toBe(isWalled(tier));
    const calls = holds ? [...PRIVILEGED_CALLS, ...REFUSED_CALLS, ...ABSENT_CALLS] : PRIVILEGED_CALLS;
    const expected = { ...named(calls, 'EPERM'), ...(holds && named(ABSENT_CALLS, 'ENOSYS')) };
    expect(await bare.attempt({ do: 'make_calls', calls })).toEqual(expected);
  });
});
