/**
 * For tests: the memory layer of a host of its own, with real groups where this machine has them. Where it has none,
 * it says which one answer is right here, found by trying, so that a test asserts that instead of passing over.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { systemCodeOf } from '../../base/host-error.ts';
import { findGroupPlaces } from './group-places.ts';
import type { GuestGroup, GuestGroups } from './guest-groups.ts';
import { openMemoryLayer, type MemoryLayer } from './memory-layer.ts';
import { openRunDirectory, type RunDirectory } from './run-directory.ts';
import { findToolset, type Toolset } from './toolset.ts';

/** A host's groups and run folder. */
export type GroupFixture = {
  readonly toolset: Toolset;
  readonly runDirectory: RunDirectory;
  readonly layer: MemoryLayer;
};

/** The launcher by which guests enter. */
export const LAUNCHER = fileURLToPath(new URL('./launch.pl', import.meta.url));

const toolset = await findToolset();

/** Runs the test with groups; or where there can be none, asserts that the layer says so in the right words. */
export async function withGroups(run: (groups: GuestGroups, fixture: GroupFixture) => Promise<void>): Promise<void> {
  const runDirectory = await openRunDirectory({ forOtherUsers: toolset.isRoot });
  const { token, path } = runDirectory;
  const layer = await openMemoryLayer({ toolset, launcher: LAUNCHER, token, runDirectory: path });
  try {
    const why = await whyWithout(toolset);
    if (why === undefined) expect(layer.groups).toBeDefined();
    else expect(await layer.judge(process.pid)).toMatchObject({ got: why, refused: false });
    if (layer.groups !== undefined) await run(layer.groups, { toolset, runDirectory, layer });
  } finally {
    await layer.close();
    await runDirectory.close();
  }
}

/** Starts a program in a group as guests are started. */
export function startInGroup({ entries }: GuestGroup, program: readonly string[]): ChildProcess {
  const options = [`arch=${process.arch}`, 'keep=2', ...entries.map((file) => `cgroup=${file}`)];
  return spawn(toolset.perl.found ? toolset.perl.path : '', ['-w', LAUNCHER, ...options, '--', ...program], {
    stdio: 'pipe',
  });
}

/** Ends a process that a test started, and waits for it. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

/** Returns the names of the guests' groups that are there beside this one. */
export async function guestGroupNames({ paths }: GuestGroup): Promise<readonly string[]> {
  const names = await Promise.all(paths.map((path) => readdir(dirname(path), { withFileTypes: true })));
  return names.flat().flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** The name that a host's group has in each hierarchy. */
export function hostGroupOf({ paths }: GuestGroup): readonly (readonly [name: string, path: string])[] {
  return paths.map((path) => [basename(dirname(path)), dirname(path)]);
}

async function whyWithout({ perl }: Toolset): Promise<string | undefined> {
  if (!perl.found) return 'perl, by which guests enter a control group, is not installed';
  const found = await findGroupPlaces();
  if (!found.ok) return found.reason;
  for (const { path } of found.places) {
    const code = await codeOfMaking(join(path, `bulkhead-test-${randomBytes(8).toString('hex')}`));
    if (code !== undefined) return `the kernel refuses control groups to this host (${code})`;
  }
  return undefined;
}

async function codeOfMaking(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    await rmdir(path);
    return undefined;
  } catch (error) {
    return systemCodeOf(error);
  }
}
