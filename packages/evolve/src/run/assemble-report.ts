/**
 * Puts the report of a run together, of one that has ended or of one that goes on.
 */
import { createHash } from 'node:crypto';
import type { EvolveEnd, SearchSoFar } from '../loop/evolve.ts';
import { readFileJournal } from '../loop/journal.ts';
import type { Commit } from '../loop/lineage.ts';
import { JOURNALS, type Run } from './open-run.ts';
import { controlOf } from './run-control.ts';
import type { RunConfig } from './run-config.ts';
import { winnerName } from './run-folder.ts';
import {
  curveOf,
  lineOf,
  RUN_REPORT_VERSION,
  runModels,
  runUsage,
  type RunControl,
  type RunReport,
  type RunView,
} from './run-report.ts';

/** What steps came to; `found` has ended where `ended` says why. */
export type Reported<End> = {
  readonly found: SearchSoFar & { readonly ended: End };
  readonly control: RunControl | null;
  readonly promotion: RunReport['promotion'];
};

/** The run as it stands, for whoever looks while it goes on; it was told of an evaluation before. */
export async function lookAt(run: Run): Promise<RunView> {
  const { progress, soFar, found, control, tests } = run.standing;
  if (progress === undefined || soFar === undefined) throw new Error('a run was looked at before its first evaluation');
  const { phase, done, of } = progress;
  const promotion = phase === 'promotion' ? { is_promoted: tests.some((test) => test.is_promoted), tests } : null;
  const report = await reportOf(run, {
    found: found ?? { ...soFar(), ended: null },
    control: phase === 'control' ? controlOf(soFar()) : control,
    promotion,
  });
  return { phase, done, of, report };
}

/** The report. */
export async function reportOf<End extends EvolveEnd | null>(
  run: Run,
  { found, control, promotion }: Reported<End>,
): Promise<Omit<RunReport, 'ended'> & { readonly ended: End }> {
  const { folder, config, estimate, elapsedMs } = run;
  const { head } = folder;
  const { best, start, statistics, commits } = found;
  const { objective } = config.task;
  return {
    schema_version: RUN_REPORT_VERSION,
    ...{ name: head.name, seed: config.settings.seed, target: config.target, task: run.task.name },
    objective: objective.kind === 'metric' ? `metric:${objective.name}` : objective.kind,
    proposer: proposerName(config),
    selector: config.settings.selector.name,
    best: {
      ...{ id: best.id, score: best.score, evaluation: best.evalIndex, generation: best.generation },
      ...{ measures: best.measures, source_sha256: sha256(best.source), file: winnerName(folder) },
    },
    ...{ start, is_better: best.score > start.score, evaluations: found.evaluations, ended: found.ended },
    ...{ lineage_hash: found.lineage_hash, usage: runUsage(found.usage), control, promotion },
    models: runModels(found.models),
    promotion_enabled: config.promotion.enabled,
    archive: {
      descriptors: found.descriptors,
      cells: found.elites.map(({ program, score, bins }) => ({ bins, score, id: program.id })),
      coverage: statistics.coverage ?? null,
      qd_score: statistics.qdScore,
    },
    curve: curveOf(found),
    best_line: await bestLine(run, commits, best.id),
    ...{ lineage: commits, estimate, config: head.config },
    timing: { elapsed_ms: elapsedMs() },
  };
}

function proposerName({ llm, models }: RunConfig): string {
  if (models.length > 0) return models.map(({ name }) => name).join(', ');
  return llm.backends.length > 0 ? 'llm' : llm.backend;
}

async function bestLine({ folder }: Run, commits: readonly Commit[], id: string): Promise<RunReport['best_line']> {
  const entries = await readFileJournal(folder.file(JOURNALS.search));
  const diffs = new Map(
    entries.flatMap((entry) =>
      entry.kind === 'proposed' && entry.proposed.kind === 'mutated' ? [[entry.index, entry.proposed.diff]] : [],
    ),
  );
  return lineOf(commits, id).map(({ id: each, index, score }) => ({
    ...{ id: each, evaluation: index, score },
    diff: diffs.get(index) ?? '',
  }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
