/**
 * The processes that a guest has started, as the kernel lists them; a guest that may start none has none to be looked for.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** More are found by the control group's limit. */
const PROCESSES_MAX = 64;

/** Returns the ids of all that descend from a process, so many at most; fewer where some end meanwhile. */
export function descendantsOf(pid: number | undefined, most: number = PROCESSES_MAX): readonly number[] {
  if (pid === undefined) return [];
  const found: number[] = [];
  const pending = [pid];
  for (let at = pending.pop(); at !== undefined && found.length < most; at = pending.pop()) {
    const children = childrenOf(at);
    found.push(...children);
    pending.push(...children);
  }
  return found.slice(0, most);
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // Gone, or a kernel without these lists.
  }
}
