/**
 * What stopwatch.pl tells of a run, read as hostile: the program could end it, and a line that is cut tells nothing. Pure.
 */
import { constants } from 'node:os';

/** `refused`: the program was not started, and why; `silent`: nothing of it was ever told, so that it may not have begun. */
export type CommandReport =
  | { readonly kind: 'ended'; readonly figures: CommandFigures }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'began' }
  | { readonly kind: 'silent' };

/** How the program ended, and what the kernel counted of all its processes. */
export type CommandFigures = {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly isLate: boolean;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakRssBytes: number;
  /** Processes that ended because their control group was out of memory; in a container, where it can be read. */
  readonly oomKills?: number;
};

/** Longest text of it that is read. */
export const REPORT_CHARACTERS_MAX = 4_096;

const ENDED = /^ended status=(\d{1,6}) wall=(\d{1,15}) cpu=(\d{1,15}) rss=(\d{1,12}) late=([01])(?: oom=(\d{1,9}))?$/m;
const REFUSED = /^refused (.{1,1000})$/m;

/** Reads it. */
export function parseCommandReport(text: string): CommandReport {
  const refused = REFUSED.exec(text)?.[1];
  if (refused !== undefined) return { kind: 'refused', why: refused };
  const [, status, wallUs, cpuUs, rssKib, late, oomKills] = ENDED.exec(text) ?? [];
  if (status !== undefined)
    return {
      kind: 'ended',
      figures: {
        ...readStatus(Number(status)),
        isLate: late === '1',
        wallMs: Number(wallUs) / 1_000,
        cpuMs: Number(cpuUs) / 1_000,
        peakRssBytes: Number(rssKib) * 1_024,
        ...(oomKills !== undefined && { oomKills: Number(oomKills) }),
      },
    };
  return text.startsWith('began\n') ? { kind: 'began' } : { kind: 'silent' };
}

/** As wait(2) encodes it: the signal in the low 7 bits, the exit code above 8. */
function readStatus(status: number): Pick<CommandFigures, 'exitCode' | 'signal'> {
  const signal = status & 0x7f;
  if (signal === 0) return { exitCode: (status >> 8) & 0xff, signal: null };
  return { exitCode: null, signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}` };
}

const SIGNAL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals)
    .toReversed() // Of two names for a number the first counts.
    .map(([name, number]) => [number, name]),
);
