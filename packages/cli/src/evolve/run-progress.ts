/**
 * How far a run is, as one line: a bar on a terminal, words elsewhere.
 */
import type { RunProgress } from '@bulkhead/evolve';
import type { Terminal } from '../terminal.ts';

const BAR_WIDTH = 24;
const DIGITS = 6;

/** A line that follows a run. */
export type RunLine = { readonly show: (progress: RunProgress) => void; readonly end: () => void };

/** Opens the line; where the output is for a machine and goes to no terminal there is none. */
export function openRunLine(terminal: Terminal, { isQuiet }: { readonly isQuiet: boolean }): RunLine {
  const live = terminal.live();
  if (isQuiet && !live.isMoving) return { show: () => undefined, end: () => undefined };
  const start: { at?: number; done?: number; phase?: string } = {};
  return {
    show: (progress) => {
      // Evaluations that were recalled are done at once, and say nothing of the time that is left.
      if (start.phase !== progress.phase || progress.isRecalled) {
        Object.assign(start, { phase: progress.phase, at: performance.now(), done: progress.done });
      }
      const [done, elapsedMs] = [progress.done - (start.done ?? 0), performance.now() - (start.at ?? 0)];
      const leftMs = done > 0 ? ((progress.of - progress.done) * elapsedMs) / done : undefined;
      live.show(`${live.isMoving ? barOf(progress) : ''}${wordsOf(progress)}${leftText(leftMs)}`);
    },
    end: live.end,
  };
}

function barOf({ done, of }: RunProgress): string {
  const filled = Math.round((BAR_WIDTH * done) / Math.max(1, of));
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} `;
}

function wordsOf({ phase, done, of, best, usage }: RunProgress): string {
  const spent = usage.tokens === 0 ? '' : `, ${usage.tokens} tokens`;
  return `${phase} ${done} of ${of}, best ${Number(best.toPrecision(DIGITS))}${spent}`;
}

function leftText(leftMs: number | undefined): string {
  return leftMs === undefined ? '' : `, ${Math.ceil(leftMs / 1_000)} s left`;
}
