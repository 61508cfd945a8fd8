/**
 * How far an evaluation is, as one line: a bar on a terminal, words elsewhere. `failed` are cases that only the candidate failed.
 */
import type { EvaluationProgress } from '@bulkhead/guard';
import type { Live, Terminal } from '../terminal.ts';

const BAR_WIDTH = 24;

/** A line that follows an evaluation. */
export type ProgressLine = { readonly show: (progress: EvaluationProgress) => void; readonly end: () => void };

/** Opens the line; where the output is for a machine and goes to no terminal there is none. */
export function openProgress(terminal: Terminal, { isQuiet }: { readonly isQuiet: boolean }): ProgressLine {
  const live = terminal.live();
  if (isQuiet && !live.isMoving) return { show: () => undefined, end: () => undefined };
  const start: { at?: number; done?: number } = {};
  return {
    show: (progress) => {
      // Cases that were recalled are done at once, and say nothing of the time that is left.
      start.at ??= performance.now();
      start.done ??= progress.done;
      const pace = { done: progress.done - start.done, elapsedMs: performance.now() - start.at };
      live.show(progressText(progress, { live, leftMs: leftOf(progress, pace) }));
    },
    end: live.end,
  };
}

type Pace = { readonly done: number; readonly elapsedMs: number };

function leftOf({ done, total }: EvaluationProgress, pace: Pace): number | undefined {
  return pace.done > 0 ? ((total - done) * pace.elapsedMs) / pace.done : undefined;
}

function progressText(
  { done, total, onlyBaseline, regressions }: EvaluationProgress,
  { live, leftMs }: { readonly live: Live; readonly leftMs: number | undefined },
): string {
  const filled = Math.round((BAR_WIDTH * done) / total);
  const bar = live.isMoving ? `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ` : '';
  const left = leftMs === undefined ? '' : `, ${Math.ceil(leftMs / 1_000)} s left`;
  return `${bar}${done} of ${total} cases, ${onlyBaseline} failed, ${regressions} regressions${left}`;
}
