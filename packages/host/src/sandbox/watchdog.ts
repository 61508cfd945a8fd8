/**
 * Samples what guests use and ends those that use too much. Only guests that are called are looked at often;
 * nothing is read on the call path. A guest's kernel limits come first, this is the second line (FAULTS 28).
 */
import { callError, type CallError } from '@bulkhead/protocol';
import { readFileSync } from 'node:fs';
import { setStanding, type Standing } from './standing.ts';

/** What the watchdog needs of a guest. `kill` names the call at fault where one is. */
export type Watched = {
  /** Process id of the guest's Node itself; undefined while it is not known. */
  readonly nodePid: () => number | undefined;
  /** Processes that it has started, whose use is its own; of most guests there are none. */
  readonly morePids?: () => readonly number[];
  readonly callsInFlight: () => number;
  /** Calls that were ever sent to it. */
  readonly callsSent: () => number;
  /** Takes a sample: CPU time since the process began, and resident memory. */
  readonly sample: (cpuMs: number, rssBytes: number) => void;
  readonly hungriestCall: () => { readonly id: number; readonly cpuMs: number } | undefined;
  /** CPU time used since the last call ended. */
  readonly idleCpuMs: () => number;
  readonly kill: (error: CallError, culpritId?: number) => void;
};

/** What a guest is held to. */
export type WatchLimits = { readonly cpuMsMax: number; readonly memoryMb: number };

/** Watches guests. */
export type Watchdog = {
  /** Watches until the returned function is called. */
  readonly watch: (guest: Watched, limits: WatchLimits) => () => void;
  readonly close: () => void;
};

/** Short enough that an allocation at full speed overshoots by less than 60 MiB (FAULTS 28). */
const SAMPLE_MS = 50;
/** A call, or work without one, that has used more than this much CPU time gives way; more than one sample can find. */
const QUICK_CPU_MS = 60;
/** An idle guest is looked at once in this many samples. */
const IDLE_EVERY = 20;
/**
 * What a guest may hold resident beyond its budget: Node itself with its shared libraries (55 MB), and RLIMIT_DATA's margin
 * (64 MiB) with room to spare, so that the kernel's refusal, which a plugin survives, comes before this kill.
 */
const BASE_RSS_BYTES = 144 * 1024 * 1024;
const MIB = 1024 * 1024;
/** The kernel's clock ticks and page size: fixed for all 64-bit Linux that Node runs on. */
const TICK_MS = 10;
const PAGE_BYTES = 4096;

type Entry = { readonly guest: Watched; readonly limits: WatchLimits; callsSent: number; standing: Standing };

/** Makes a watchdog; its timer runs only while something is watched, and never keeps the host alive. */
export function createWatchdog(): Watchdog {
  const entries = new Set<Entry>();
  let timer: NodeJS.Timeout | undefined;
  let round = 0;

  function tick(): void {
    round += 1;
    for (const entry of entries) {
      if (isBusy(entry) || round % IDLE_EVERY === 0) inspect(entry);
      entry.callsSent = entry.guest.callsSent();
    }
  }

  return {
    watch: (guest, limits) => {
      const entry: Entry = { guest, limits, callsSent: NEVER_LOOKED, standing: 'launched' };
      entries.add(entry);
      timer ??= setInterval(tick, SAMPLE_MS).unref();
      return () => {
        entries.delete(entry);
        if (entries.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    close: () => {
      entries.clear();
      clearInterval(timer);
      timer = undefined;
    },
  };
}

const NEVER_LOOKED = -1;

/** Short calls are rarely in flight when the timer fires, and leave their memory all the same. */
function isBusy({ guest, callsSent }: Entry): boolean {
  return guest.callsInFlight() > 0 || guest.callsSent() !== callsSent;
}

function inspect(entry: Entry): void {
  const { guest, limits } = entry;
  const pid = guest.nodePid();
  const usage = pid === undefined ? undefined : readUsages(pid, guest.morePids?.() ?? []);
  if (pid === undefined || usage === undefined) return;
  guest.sample(usage.cpuMs, usage.rssBytes);
  const rssBytesMax = BASE_RSS_BYTES + limits.memoryMb * MIB;
  if (usage.rssBytes > rssBytesMax) return guest.kill(tooMuchMemory(limits.memoryMb, usage.rssBytes));
  const hungriest = guest.hungriestCall();
  if (hungriest !== undefined && hungriest.cpuMs > limits.cpuMsMax) {
    return guest.kill(tooMuchCpu('the call', limits.cpuMsMax, hungriest.cpuMs), hungriest.id);
  }
  // What a plugin leaves running in timers burns a core that other plugins need (FAULTS 16).
  const idleCpuMs = guest.idleCpuMs();
  if (idleCpuMs > limits.cpuMsMax)
    return guest.kill(tooMuchCpu('no call was running, and the plugin', limits.cpuMsMax, idleCpuMs));
  const standing = Math.max(hungriest?.cpuMs ?? 0, idleCpuMs) > QUICK_CPU_MS ? 'behind' : 'launched';
  if (standing !== entry.standing) setStanding(pid, standing);
  entry.standing = standing;
}

type Usage = { readonly cpuMs: number; readonly rssBytes: number };

function readUsages(pid: number, more: readonly number[]): Usage | undefined {
  const own = readUsage(pid);
  if (own === undefined) return undefined;
  const others = more.map(readUsage).filter((usage) => usage !== undefined);
  const sum = (of: (usage: Usage) => number): number => others.reduce((total, usage) => total + of(usage), of(own));
  return { cpuMs: sum(({ cpuMs }) => cpuMs), rssBytes: sum(({ rssBytes }) => rssBytes) };
}

function readUsage(pid: number): Usage | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // With the children that have ended (fields 13 and 14), since a server may have had some; a guest without children has none.
  // The command name may hold spaces and parentheses, so fields are counted after its last ')': see proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpuMs = [11, 12, 13, 14].reduce((ticks, at) => ticks + Number(fields[at]), 0) * TICK_MS;
  const rssBytes = Number(fields[21]) * PAGE_BYTES;
  return Number.isFinite(cpuMs) && Number.isFinite(rssBytes) ? { cpuMs, rssBytes } : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // The process is gone, or its exit is on the way.
  }
}

function tooMuchMemory(memoryMb: number, rssBytes: number): CallError {
  const observed = Math.round(rssBytes / MIB);
  return callError('GUEST_OUT_OF_MEMORY', {
    message: `the plugin's process held ${observed} MiB; limits.memory_mb is ${memoryMb}`,
    limit: { name: 'memory_mb', allowed: memoryMb, observed, unit: 'MiB' },
  });
}

function tooMuchCpu(who: string, allowed: number, cpuMs: number): CallError {
  const observed = Math.round(cpuMs);
  return callError('CALL_CPU_LIMIT', {
    message: `${who} used ${observed} ms of CPU time; limits.cpu_ms is ${allowed}`,
    limit: { name: 'cpu_ms', allowed, observed, unit: 'ms' },
  });
}
