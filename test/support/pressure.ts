/**
 * Memory pressure on a host and its guests together, and on nothing else: a control group that a host starts in, so that
 * its guests' groups are made below, with a limit that the test sets when all of them run.
 */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../../packages/host/src/base/host-error.ts';
import { findGroupPlaces } from '../../packages/host/src/sandbox/process/group-places.ts';
import { removeGroups, removeHostGroup } from '../../packages/host/src/sandbox/process/remove-groups.ts';

/** `reason` is in the words of the receipt's layer `memory-cgroup`. */
export type Pressure = AsyncDisposable &
  (
    | { readonly holds: false; readonly reason: string }
    | {
        readonly holds: true;
        /** Put before the command of a host, so that it starts in the group. */
        readonly through: readonly string[];
        /** Leaves what is in the group that much more memory than it has now; returns the limit in bytes. */
        readonly squeeze: (headroomBytes: number) => Promise<number>;
        /** Most memory that was ever in the group. */
        readonly peakBytes: () => Promise<number>;
      }
  );

const FILES = {
  1: { usage: 'memory.usage_in_bytes', peak: 'memory.max_usage_in_bytes', limit: 'memory.limit_in_bytes', leaf: '' },
  // Processes are in the leaves only, and a host divides the group above one of this name (group-places.ts).
  2: { usage: 'memory.current', peak: 'memory.peak', limit: 'memory.max', leaf: 'bulkhead-host' },
} as const;
/** Version 1 counts swap together with memory, where it counts it. */
const SWAP_FILES = { 1: 'memory.memsw.limit_in_bytes', 2: 'memory.swap.max' } as const;

/** Makes the group; the host has to be gone when it is disposed. */
export async function openPressure(): Promise<Pressure> {
  const found = await findGroupPlaces();
  if (!found.ok) return without(found.reason);
  const place = found.places.find(({ controllers }) => controllers.includes('memory'));
  if (place === undefined) return without('the host was given no control group with "memory"');
  const path = join(place.path, `pressure-${randomUUID()}`);
  const files = FILES[place.version];
  const leaf = join(path, files.leaf);
  try {
    await mkdir(leaf, { recursive: true });
  } catch (error) {
    return without(`the kernel refuses control groups to this host (${systemCodeOf(error)})`);
  }
  const read = async (file: string): Promise<number> => Number(await readFile(join(path, file), 'utf8'));
  return {
    holds: true,
    through: ['sh', '-c', 'echo 0 > "$0/cgroup.procs" && exec "$@"', leaf],
    squeeze: async (headroomBytes) => {
      const limitBytes = (await read(files.usage)) + headroomBytes;
      await writeFile(join(path, files.limit), `${limitBytes}`);
      const swap = join(path, SWAP_FILES[place.version]);
      if (existsSync(swap)) await writeFile(swap, place.version === 1 ? `${limitBytes}` : '0');
      return limitBytes;
    },
    peakBytes: () => read(files.peak),
    [Symbol.asyncDispose]: () => removePressure(path),
  };
}

function without(reason: string): Pressure {
  return { holds: false, reason, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** The leaves first. Where a host was killed after all, its guests' groups are there still. */
async function removePressure(path: string): Promise<void> {
  const below = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  for (const { name } of below) await removeHostGroup(join(path, name));
  const { left } = await removeGroups([path]);
  if (left.length > 0) throw new Error(`a control group cannot be removed: ${left.join(' ')}`);
}
