/**
 * Decides whether guests get control groups here, by an attempt: a process that enters a small group as guests do has
 * to be refused more processes and ended for its memory by the kernel. Where that does not happen there are no groups,
 * and the receipt says why; no tier depends on them.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { systemCodeOf } from '../../base/host-error.ts';
import type { ProbeResult } from '../../self-test/probe.ts';
import { findGroupPlaces, type GroupPlaces } from './group-places.ts';
import { noNotes, type MachineNotes } from './machine-notes.ts';
import { openGuestGroups, type GuestGroup, type GuestGroups } from './guest-groups.ts';
import type { Toolset } from './toolset.ts';

/** What the layer is made with; nothing of it is changed. */
export type MemoryLayerOptions = {
  readonly toolset: Toolset;
  /** launch.pl. */
  readonly launcher: string;
  readonly token: string;
  readonly runDirectory: string;
  /** Where to try; looked for where it is left out. */
  readonly places?: GroupPlaces;
  /** What was measured lately; without it an attempt is made. */
  readonly notes?: MachineNotes;
};

/** Groups for guests, or none. */
export type MemoryLayer = {
  readonly groups: GuestGroups | undefined;
  /** What the self-test adds to its results for a guest with that process id, see receipt.ts. */
  readonly judge: (pid: number | undefined) => Promise<ProbeResult>;
  /** Removes all groups. May be called again. */
  readonly close: () => Promise<void>;
};

/** Opens the layer. Never rejects for what the machine does not offer. */
export async function openMemoryLayer(options: MemoryLayerOptions): Promise<MemoryLayer> {
  const { perl } = options.toolset;
  if (!perl.found) return without('perl, by which guests enter a control group, is not installed');
  const found = options.places ?? (await findGroupPlaces());
  if (!found.ok) return without(found.reason);
  const groups = await openGuestGroups({ ...options, places: found.places }).catch(refusal);
  if (typeof groups === 'string') return without(groups);
  const { notes = noNotes, launcher } = options;
  const attempt = (): Promise<Tried> => tryLimits(groups, { launcher, perl: perl.path });
  const tried = await notes.recall('memory group', [perl.path, launcher], attempt).catch(refusal);
  const seen = typeof tried === 'string' ? { holds: false, text: tried } : tried;
  if (!seen.holds) {
    await groups.close();
    return without(seen.text);
  }
  const judge = async (pid: number | undefined): Promise<ProbeResult> =>
    pid !== undefined && (await groups.isInside(pid))
      ? result(seen.text, true)
      : result('a guest that is not in its control group', false);
  return { groups, judge, close: groups.close };
}

/** Name of the result that {@link MemoryLayer.judge} gives. */
const MEMORY_GROUP_PROBE = 'memory-beyond-group';

function result(got: string, refused: boolean): ProbeResult {
  return { name: MEMORY_GROUP_PROBE, expected: 'ended by the kernel', got, refused };
}

function without(reason: string): MemoryLayer {
  return {
    groups: undefined,
    judge: () => Promise.resolve(result(reason, false)),
    close: () => Promise.resolve(),
  };
}

function refusal(error: unknown): string {
  return `the kernel refuses control groups to this host (${systemCodeOf(error) ?? String(error)})`;
}

const TRIED = { memoryBytes: 16 * 1024 * 1024, processesMax: 4 };
const TRY_MS_MAX = 2_000;

/** Says how many processes it could make, then wants more memory than there is. Its children sleep until killed. */
const GREEDY = `
  my $made = 1;
  for (1 .. 8) { my $pid = fork; last unless defined $pid; unless ($pid) { sleep 60; exit } $made++ }
  syswrite STDOUT, "$made\\n";
  my $size = 64;
  my $held = 'x' x ($size << 20);
  syswrite STDOUT, "held\\n";
`;

type Tried = { readonly holds: boolean; readonly text: string };

async function tryLimits(
  groups: GuestGroups,
  { launcher, perl }: { readonly launcher: string; readonly perl: string },
): Promise<Tried> {
  const group = groups.make(TRIED);
  try {
    const child = spawnGreedy(group, [perl, '-w', launcher]);
    return judgeTry(groups, group, await watchGreedy(child));
  } finally {
    group.remove();
  }
}

/** The process, by the launcher that guests are started by, with what of its options matters here. */
function spawnGreedy({ entries }: GuestGroup, [perl = '', ...launch]: readonly string[]): Spawned {
  const options = [`arch=${process.arch}`, 'keep=2', 'oom=1000', `parent=${process.pid}`, 'capabilities=none'];
  return spawn(perl, [...launch, ...options, ...entries.map((file) => `cgroup=${file}`), '--', perl, '-e', GREEDY], {
    env: {},
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TRY_MS_MAX,
    killSignal: 'SIGKILL',
  });
}

type Spawned = ChildProcessByStdio<null, Readable, Readable>;
type Ended = { readonly stdout: string; readonly stderr: string; readonly signal: string | null };

/** Resolves when it and its children are gone and what they said is read. */
async function watchGreedy(child: Spawned): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // The children hold its pipes, so 'close' waits for them.
  child.once('exit', () => endGroupOf(child.pid));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]; // As Node documents the event.
  return { stdout, stderr, signal };
}

function endGroupOf(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: it made no children, or the kernel ended them all with it.
  }
}

function judgeTry({ version, limitsProcesses }: GuestGroups, group: GuestGroup, said: Ended): Tried {
  const limit = `${TRIED.memoryBytes / (1024 * 1024)} MiB`;
  if (said.signal !== 'SIGKILL' || !group.wasOutOfMemory()) {
    const why = said.stderr.trim() === '' ? 'the process went on' : said.stderr.trim();
    return { holds: false, text: `more than ${limit} in a control group of ${limit} (${why})` };
  }
  const processes = Number(said.stdout);
  if (limitsProcesses && processes !== TRIED.processesMax) {
    return { holds: false, text: `${processes} processes in a control group for ${TRIED.processesMax}` };
  }
  const more = limitsProcesses ? `process ${processes + 1} refused` : 'processes are not limited by it';
  return { holds: true, text: `ended at ${limit}, ${more} (cgroup version ${version})` };
}
