/**
 * One million records through every monitor, for monitor-records.ts, in batches as an evaluation hands them over. Prints how long it took
 * and what the process had of memory, in MB, before and at most.
 */
import type { JsonObject, MonitorRecord } from '@bulkhead/protocol';
import { createMonitorRunner, MONITOR_NAMES, parseMonitorSpec } from '@bulkhead/guard';
import { createRandom } from '../../packages/guard/src/statistics/random.ts';
import { busyMs } from './processor.ts';
import { peakMb, resetPeakMb } from './child.ts';
import { CLOCK } from './implementations.ts';

const CASES = 500_000;
const BATCH_CASES = 64;
const ROLES = ['baseline', 'candidate'] as const;

const random = createRandom('records');
const runner = createMonitorRunner(
  // It watches for what its operator names, and for nothing where none is named.
  MONITOR_NAMES.map((name) => parseMonitorSpec(name === 'safety' ? 'safety:patterns=forbidden' : name)),
  { startTimer: CLOCK.startTimer },
);
const beforeMb = resetPeakMb();
const startedAt = performance.now();
const used = process.cpuUsage();
let [drawMs, drawBusyMs] = [0, 0];
await runner.start({ task: 'bench', total_cases: CASES });
for (let first = 0; first < CASES; first += BATCH_CASES) {
  const [drawnAt, usedBefore] = [performance.now(), process.cpuUsage()];
  const batch = drawBatch(first);
  drawMs += performance.now() - drawnAt;
  drawBusyMs += busyMs(usedBefore);
  await runner.record(batch);
}
const recordedMb = peakMb();
const recordedAt = performance.now();
const reports = await runner.finalize();
const endedAt = performance.now();
console.log(
  JSON.stringify({
    ...{ ms: endedAt - startedAt - drawMs, finalizeMs: endedAt - recordedAt, busyMs: busyMs(used) - drawBusyMs },
    ...{ beforeMb, recordedMb, peakMb: peakMb() },
    failed: reports.filter((report) => 'failed' in report).length,
  }),
);

function drawBatch(first: number): readonly MonitorRecord[] {
  const count = Math.min(BATCH_CASES, CASES - first);
  return Array.from({ length: count }, (_, at) => ROLES.map((role) => recordOf(first + at, role))).flat();
}

function recordOf(index: number, role: MonitorRecord['role']): MonitorRecord {
  const duration = Math.exp(random.next() - 0.5);
  const result: JsonObject = {
    ...{ success: true, group: `group ${index % 4}`, cpu_ms: duration * 0.9 },
    ...{ tokens_total: 100 + random.below(50), cost_usd: 0.001 * (1 + random.next()) },
  };
  return { case_index: index, role, duration_ms: duration, success: random.next() < 0.95, result };
}
