/**
 * An evaluation of 10,000 cases, for evaluation-memory.ts: what the process had of memory with warm guests and nothing to do, and at most
 * during the evaluation, in MB.
 */
import { evaluate, SORT } from '@bulkhead/guard';
import { peakMb, resetPeakMb } from './child.ts';
import { CLOCK, openWorkshop } from './implementations.ts';
import { SORT_REFERENCE } from '../../packages/guard/src/mutation/references/sort.ts';

const CASES = 10_000;
const WARM_CASES = 20;

await using workshop = await openWorkshop();
const sides = {
  baseline: await workshop.implement(SORT_REFERENCE.source),
  candidate: await workshop.implement(SORT_REFERENCE.refactors[0]?.source ?? ''),
};
await evaluate({ task: SORT, ...sides, n: WARM_CASES }, CLOCK);
const idleMb = resetPeakMb();
const startedAt = performance.now();
const report = await evaluate({ task: SORT, ...sides, n: CASES }, CLOCK);
const ms = performance.now() - startedAt;
const executions = report.baseline.executions + report.candidate.executions;
console.log(JSON.stringify({ idleMb, peakMb: peakMb(), ms, executions }));
await Promise.all([sides.baseline.executor.close?.(), sides.candidate.executor.close?.()]);
