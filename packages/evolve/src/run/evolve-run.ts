/**
 * A run, as a list of steps: search, the control beside it, the winner against the first program on cases that nobody saw, and the report.
 * Each step is answered from the folder what it was answered before, so that a run that was stopped anywhere comes to what it would have.
 */
import { evolve, type EvolveReport } from '../loop/evolve.ts';
import { lookAt, reportOf } from './assemble-report.ts';
import { estimateRun, type Estimate } from './estimate.ts';
import { renderRunHtml } from './html/page.ts';
import { openRun, partsOf, startOf, type Run, type RunParts } from './open-run.ts';
import { promote } from './promote-winners.ts';
import { readRunConfig, type RunConfig } from './run-config.ts';
import { runControl } from './run-control.ts';
import { winnerName, type RunFolder } from './run-folder.ts';
import type { RunReport } from './run-report.ts';

/**
 * Runs, or goes on with, the run of a folder to its end.
 *
 * @throws {EvolveError} as `readRunConfig` and `evolve`; whatever the signal was aborted with: all that was answered is kept, and the same
 *   call goes on.
 * @public
 */
export async function evolveRun(folder: RunFolder, parts: RunParts, signal: AbortSignal): Promise<RunReport> {
  const config = readRunConfig(folder.head.config);
  const estimate = estimateOf(folder, config, parts);
  parts.onEstimate?.(estimate);
  const run = await openRun(folder, { config, estimate, parts, signal }, lookAt);
  const found = await search(run);
  run.standing.found = found;
  await folder.write(winnerName(folder), found.best.source);
  const control = await runControl(run, found);
  run.standing.control = control;
  const promotion = await promote(run, found);
  const report = await reportOf(run, { found, control, promotion });
  await folder.write('report.json', `${JSON.stringify(report, undefined, 2)}\n`);
  await folder.write('report.html', renderRunHtml(report));
  await folder.write('progress.json', JSON.stringify({ phase: 'done', elapsed_ms: run.elapsedMs() }));
  return report;
}

function estimateOf({ source }: RunFolder, config: RunConfig, { task, price }: RunParts): Estimate {
  return estimateRun({ config, startLength: source.length, relations: task.relations.length, price });
}

async function search(run: Run): Promise<EvolveReport> {
  const { config, chooser, elapsedMs, onCommit } = run;
  const parts = await partsOf(run, 'search');
  return evolve(
    { config: config.search, start: startOf(run) },
    {
      ...parts,
      ...(chooser !== undefined && { chooser }),
      ...(config.wall_s > 0 && { hasTime: () => elapsedMs() < config.wall_s * 1_000 }),
      onCommit: (commit, state) => {
        onCommit?.(commit, state);
        parts.onCommit(commit, state);
      },
    },
    run.signal,
  );
}
