/**
 * One host at a time owns a data directory.
 *
 *   holder.sqlite  locked in the kernel, which lets go when its process ends; see kernel-lock.ts
 *   holder.json    who holds it, since when, and a sign of life every two seconds
 *
 * On one machine the kernel's lock decides, at once. A file system that machines share may not carry it from one to the
 * other; so a holder of another boot is believed dead only when it has given no sign for ten seconds. A holder that is
 * seen to live is never robbed, not even where its lock was lost.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isoTime } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import { openDataDirectory, toDataFault } from './data-directory.ts';
import {
  lastTouched,
  newHolder,
  readHolder,
  touchHolder,
  writeHolder,
  type Holder,
  type HolderIdentity,
} from './holder.ts';
import { takeKernelLock, type KernelLock } from './kernel-lock.ts';

/** How processes are told apart; injected, since it is the sandbox part that knows /proc. */
export type Identities<Identity extends HolderIdentity> = {
  readonly own: () => Promise<Identity>;
  readonly parse: (value: unknown) => Identity | undefined;
  readonly isProvedDead: (identity: Identity) => Promise<boolean>;
};

/** How often a holder gives a sign, and after how long without any it is dead. */
export type LockTiming = { readonly beatMs: number; readonly silentMs: number };

/**
 * A data directory that is ours until this is disposed.
 *
 * @internal
 */
export type DataLock = AsyncDisposable;

const TIMING: LockTiming = { beatMs: 2_000, silentMs: 10_000 };

/** A name is written within milliseconds of taking the lock; a refusal without one is still a refusal. */
const NAME_LOOKS_MAX = 20;
const NAME_EVERY_MS = 25;

/** Looks at a holder's sign of life so many times while it would give one. */
const LOOKS_PER_BEAT = 4;

/**
 * Takes the lock of a data directory, which is made where it does not exist. Waits, at most `silentMs`, for a holder on
 * another machine, or of the last boot, that may have died a moment ago.
 *
 * @throws {HostError} `DATA_LOCKED` with the holder's pid, host and time where a live host holds it; `DATA_UNUSABLE`.
 */
export async function lockDataDirectory<Identity extends HolderIdentity>(
  dir: string,
  identities: Identities<Identity>,
  timing: LockTiming = TIMING,
): Promise<DataLock> {
  await openDataDirectory(dir);
  const path = join(dir, 'holder.json');
  const lock = takeLock(dir);
  if (lock === undefined) throw locked(dir, await nameHolder(path, identities));
  try {
    const before = await readHolder(path, identities.parse);
    if (before !== undefined && (await isAlive(path, before, { identities, timing }))) throw locked(dir, before);
    return await hold(path, lock, { own: await identities.own(), timing });
  } catch (error) {
    lock.release();
    throw toDataFault(dir, error);
  }
}

function takeLock(dir: string): KernelLock | undefined {
  try {
    return takeKernelLock(join(dir, 'holder.sqlite'));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new HostError('DATA_UNUSABLE', { message: `"${dir}" cannot be the data directory (${why})`, cause: error });
  }
}

/** Whoever has just taken the lock has yet to write its name, over that of one that died. */
async function nameHolder<Identity extends HolderIdentity>(
  path: string,
  { parse, isProvedDead }: Identities<Identity>,
): Promise<Holder<Identity> | undefined> {
  for (let look = 0; look < NAME_LOOKS_MAX; look += 1) {
    const holder = await readHolder(path, parse);
    if (holder !== undefined && !(await isProvedDead(holder.identity))) return holder;
    await pause(NAME_EVERY_MS);
  }
  return undefined;
}

type Judging<Identity extends HolderIdentity> = {
  readonly identities: Identities<Identity>;
  readonly timing: LockTiming;
};

/**
 * Asked while the kernel's lock is ours. A process that is in sight is looked at. One of this boot that is not, such as that
 * of a container, has lost its lock and so is gone. Of another boot only its silence tells.
 */
async function isAlive<Identity extends HolderIdentity>(
  path: string,
  { identity }: Holder<Identity>,
  { identities, timing }: Judging<Identity>,
): Promise<boolean> {
  const own = await identities.own();
  if (identity.boot_id !== own.boot_id) return givesSign(path, timing);
  return identity.pid_namespace === own.pid_namespace && !(await identities.isProvedDead(identity));
}

/** A last sign that is old, by the clock, needs no wait. One that changes needs no clock. */
async function givesSign(path: string, { beatMs, silentMs }: LockTiming): Promise<boolean> {
  const first = await lastTouched(path);
  if (first === undefined || Date.now() - first > silentMs) return false;
  const until = performance.now() + silentMs;
  while (performance.now() < until) {
    await pause(beatMs / LOOKS_PER_BEAT);
    if ((await lastTouched(path)) !== first) return true;
  }
  return false;
}

async function hold(
  path: string,
  lock: KernelLock,
  { own, timing }: { readonly own: HolderIdentity; readonly timing: LockTiming },
): Promise<DataLock> {
  await writeHolder(path, newHolder(own, isoTime(Date.now())));
  // A sign that cannot be given is given the next time: on this machine the kernel's lock holds without.
  const beat = setInterval(() => void touchHolder(path, Date.now()).catch(() => undefined), timing.beatMs).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(beat);
      await rm(path, { force: true });
      lock.release();
    },
  };
}

function locked(dir: string, holder: Holder<HolderIdentity> | undefined): HostError {
  const who =
    holder === undefined
      ? 'another server'
      : `the server with pid ${holder.identity.pid} on "${holder.host}", since ${holder.since},`;
  return new HostError('DATA_LOCKED', { message: `${who} holds the data directory "${dir}"` });
}
