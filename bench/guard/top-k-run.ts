/**
 * One evaluation of `top_k` from nothing, for evaluation-time.ts: the host is opened, 400 cases are run with two relations for both roles,
 * and the report is written. Argument: cases at once. Prints milliseconds of each step, and how many executions it took.
 */
import { join } from 'node:path';
import { evaluate, TOP_K, writeReport } from '@bulkhead/guard';
import { TOP_K_REFERENCE } from '../../packages/guard/src/mutation/references/top-k.ts';
import { CLOCK, openWorkshop } from './implementations.ts';

const RELATIONS = 2;

const parallel = Number(process.argv[2] ?? '1');
const startedAt = performance.now();
await using workshop = await openWorkshop();
const openedAt = performance.now();
const report = await evaluate(
  {
    task: { ...TOP_K, relations: TOP_K.relations.slice(0, RELATIONS) },
    baseline: await workshop.implement(TOP_K_REFERENCE.source, parallel),
    candidate: await workshop.implement(TOP_K_REFERENCE.refactors[0]?.source ?? '', parallel),
    n: 400,
    parallel,
  },
  CLOCK,
);
const evaluatedAt = performance.now();
await writeReport(report, { folder: join(workshop.folder, 'reports'), now: CLOCK.wallTime() });
const writtenAt = performance.now();
console.log(
  JSON.stringify({
    hostMs: openedAt - startedAt,
    evaluateMs: evaluatedAt - openedAt,
    writeMs: writtenAt - evaluatedAt,
    executions: report.baseline.executions + report.candidate.executions,
    verdict: report.decision.verdict,
  }),
);
