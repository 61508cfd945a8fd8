/**
 * What a run came to, as it is told at its end.
 */
import { join, relative } from 'node:path';
import type { RunFolder, RunReport } from '@bulkhead/evolve';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { modelLines } from './model-lines.ts';

type Telling = { readonly folder: RunFolder; readonly json: boolean; readonly terminal: Terminal };

/** Says what it came to: one line of JSON, or words. */
export function tell(report: RunReport, { folder, json, terminal }: Telling): void {
  if (json) terminal.result(JSON.stringify(summaryOf(report, folder)));
  else show(report, { folder, json, terminal });
}

/** The last line of `--json`. */
function summaryOf(report: RunReport, { path }: RunFolder): object {
  const { best, start, evaluations, ended, lineage_hash, usage, control, promotion, is_better } = report;
  return {
    ...{ best: best.score, evaluations, lineage_hash, control_best: control?.best ?? null, start: start.score },
    ...{ ended, usage, is_better, promotion, best_id: best.id, winner: join(path, best.file) },
    best_measures: best.measures,
    report: join(path, 'report.json'),
    html: join(path, 'report.html'),
  };
}

function show(report: RunReport, { folder, terminal }: Telling): void {
  const { best, start, control, evaluations, ended, promotion, promotion_enabled, is_better, lineage_hash, models } =
    report;
  const { objective } = report;
  const { result, say, colors } = terminal;
  result(
    `${plain(report.name)}: ${is_better ? colors.green(`best ${best.score}`) : `no better program than ${start.score}`}`,
  );
  if (objective.startsWith(METRIC)) result(`  ${plain(metricText(report))}`);
  result(`  first ${start.score}, control ${control?.best ?? '–'}, ${evaluations} evaluations, ended: ${ended}`);
  if (promotion_enabled && is_better) {
    const isPromoted = promotion?.is_promoted === true;
    const last = promotion?.tests.at(-1);
    result(`  ${isPromoted ? colors.green('promoted') : colors.red('not promoted')}: ${plain(last?.reasons[0] ?? '')}`);
  }
  for (const line of modelLines(models)) result(`  ${line}`);
  result(`  lineage ${lineage_hash.slice(0, 12)}`);
  say(`winner: ${shown(join(folder.path, best.file))}`);
  say(`report: ${shown(join(folder.path, 'report.html'))}`);
}

const METRIC = 'metric:';

/** What the task measures of the best: a score is only its place among all numbers. */
function metricText({ objective, best }: RunReport): string {
  const name = objective.slice(METRIC.length);
  return `${name} of the best: ${best.measures[name] ?? '–'}`;
}

/** A path as it is shortest from here. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
