/**
 * A guest's standing among the processes that want the same core. One that computes at length gives way to those that
 * answer quickly, as the kernel would otherwise share the cores equally among them all: beside two guests that spin, a
 * good one stood still for a time slice every few calls (FAULTS 16).
 *
 * Where the kernel schedules sessions as groups (autogroup, sched(7)) the group counts and a nice value does not.
 */
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** How a guest competes: as it was launched, or behind all that are. */
export type Standing = 'launched' | 'behind';

/**
 * Nice values that a guest is launched with: of its process, and of its session. The session's is enough for the host to
 * come first; at 10, a guest that has to share the machine with other programs answers half as many calls.
 */
export const LAUNCH_NICENESS = { process: 10, session: 5 } as const;
const BEHIND_NICENESS = { process: 19, session: 15 } as const;

/** Sets the standing of a process; does nothing where the process is gone or the kernel refuses. */
export function setStanding(pid: number, standing: Standing): void {
  const niceness = standing === 'behind' ? BEHIND_NICENESS : LAUNCH_NICENESS;
  attempt(() => writeFileSync(`/proc/${pid}/autogroup`, String(niceness.session), { flag: 'r+' }));
  attempt(() => setPriority(pid, niceness.process));
}

function attempt(change: () => void): void {
  try {
    change();
  } catch {
    // No such file: no groups of sessions. EAGAIN: the kernel takes one change in 100 ms of others than root.
  }
}
