/**
 * Promotion of a run: its winners against the first program, on cases that nobody saw.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { isJsonObject } from '@bulkhead/protocol';
import { createComparison, createPromotionTests } from '../judge/decide-promotion.ts';
import { judgePromotion } from '../judge/promote.ts';
import type { EvolveReport } from '../loop/evolve.ts';
import type { Program } from '../search/archive/program.ts';
import type { Run } from './open-run.ts';
import type { RunPromotion, RunReport } from './run-report.ts';

const PROMOTIONS = 'promotion.ndjson';

/** Winners, best first, until one takes the first program's place; each on fresh cases of its own. */
export async function promote(run: Run, found: EvolveReport): Promise<RunReport['promotion']> {
  const { alpha, tries, bar, enabled } = run.config.promotion;
  const winners = found.elites.filter(({ score }) => score > found.start.score).slice(0, tries);
  if (!enabled || winners.length === 0) return null;
  const known = await readPromotions(run);
  const { test } = createPromotionTests({ alpha, bar });
  const tests: RunPromotion[] = [];
  for (const [at, { program, score }] of winners.entries()) {
    const none = { usage: { tokens: 0, usd: 0 }, models: [], isRecalled: false };
    await run.tell({ phase: 'promotion', done: at, of: winners.length, best: score, ...none });
    const kept = known.find(({ id }) => id === program.id);
    const compared = kept ?? (await compare(run, program, at));
    const { level, log_e, is_promoted } = test(compared);
    const whole: RunPromotion = { ...compared, level, log_e, is_promoted };
    if (kept === undefined)
      await appendFile(run.folder.file(PROMOTIONS), `${JSON.stringify(whole)}\n`, { flush: true });
    tests.push(whole);
    run.standing.tests = tests;
    if (is_promoted) return { is_promoted: true, tests };
  }
  return { is_promoted: false, tests };
}

type Compared = Omit<RunPromotion, 'level' | 'log_e' | 'is_promoted'>;

async function compare(run: Run, program: Program, at: number): Promise<Compared> {
  const { folder, config, task, host, clock, signal } = run;
  const { objective, timeout_s: timeoutS, mem_mb: memMb } = config.task;
  const isHigherBetter = (metric: string): boolean =>
    task.metrics.find(({ name }) => name === metric)?.higherIsBetter ?? true;
  const comparison = createComparison(objective, isHigherBetter);
  const { decision, baseline, candidate, timing } = await judgePromotion({
    ...{ host, task, clock, signal, timeoutS, memMb, champion: folder.source, winner: program.source },
    ...{ entryName: config.target.entry, ending: extname(folder.head.file_name), folder: folder.file('tmp') },
    ...{ cases: config.promotion.cases, policy: config.promotion.policy },
    seed: `${config.settings.seed}/${at}`,
    isAlone: config.promotion.alone || objective.kind === 'speed',
    onPair: comparison.add,
  });
  return {
    ...{ id: program.id, verdict: decision.verdict, reasons: decision.reasons, ...comparison.counts() },
    first: { pass_rate: baseline.pass_rate, p50_ms: timing.baseline.p50_ms },
    winner: { pass_rate: candidate.pass_rate, p50_ms: timing.candidate.p50_ms },
  };
}

async function readPromotions({ folder }: Run): Promise<readonly RunPromotion[]> {
  const text = await readFile(folder.file(PROMOTIONS), 'utf8').catch(() => '');
  // A line that was cut off is of a promotion that was not done.
  return text.split('\n').flatMap((line): readonly RunPromotion[] => {
    try {
      const value: unknown = JSON.parse(line);
      return isJsonObject(value) ? [value as unknown as RunPromotion] : []; // Written by `promote` alone.
    } catch {
      return [];
    }
  });
}
