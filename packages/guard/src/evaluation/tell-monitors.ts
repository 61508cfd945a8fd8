/**
 * Tells monitors of cases, some at a time.
 */
import type { MonitorRecord } from '@bulkhead/protocol';
import type { MonitorRunner } from '../monitors/monitor-runner.ts';
import type { EvaluatedPair } from './evaluated-pair.ts';

/** Tells of a case, at once or with later ones; `flush` tells of all that is left. */
export type Telling = {
  readonly take: (pair: EvaluatedPair) => Promise<void>;
  readonly flush: () => Promise<void>;
};

/** Cases that monitors are told of at once. */
const BATCH_CASES = 64;

/** Begins with nothing to tell. */
export function createTelling(monitors: Pick<MonitorRunner, 'record'>): Telling {
  let batch: MonitorRecord[] = [];
  const flush = async (): Promise<void> => {
    const told = batch;
    batch = [];
    if (told.length > 0) await monitors.record(told);
  };
  return {
    take: async (pair) => {
      batch.push(recordOf(pair, 'baseline'), recordOf(pair, 'candidate'));
      if (batch.length >= 2 * BATCH_CASES) await flush();
    },
    flush,
  };
}

function recordOf(pair: EvaluatedPair, role: 'baseline' | 'candidate'): MonitorRecord {
  const { result, duration_ms } = pair[role];
  return { case_index: pair.case_index, role, duration_ms, success: result['success'] === true, result };
}
