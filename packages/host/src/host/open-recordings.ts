/**
 * Opens what live calls are kept or handed on by for evaluations: the recorder and the mirror that the call flow tells, and what an
 * embedder reads of recordings.
 */
import { DEFAULT_TENANT, LIMITS } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { systemTimer } from '../base/timer.ts';
import { createMirror, type Mirror } from '../call/mirror.ts';
import { createRecorder, type Recorder } from '../call/recorder.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { createRecordingShares } from '../catalogue/recordings.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Recordings } from '../recordings-api.ts';
import { createBatch } from '../storage/batch.ts';
import { isAway, type Storage } from '../storage/port.ts';
import type { RecordedCall } from '../storage/recordings-port.ts';
import type { HostSettings } from './settings.ts';

/** What the parts of a host give to it. */
export type RecordingParts = { readonly storage: Storage; readonly catalogue: Catalogue; readonly metrics: Metrics };

/** What the call flow tells, and the part of the embedding API. */
export type HostRecordings = {
  readonly recorder: Recorder;
  readonly mirror: Mirror;
  readonly recordings: Recordings;
};

/** Nobody waits for a recording. */
const FLUSH_AFTER_MS = 250;
const FLUSH_AT_ROWS = 50;

/** Opens it; what waits is written when it is closed, which comes after the guests. */
export function openRecordings(
  { clock, log, redact, random }: HostSettings,
  { storage, catalogue, metrics }: RecordingParts,
  closing: AsyncDisposableStack,
): HostRecordings {
  const shares = createRecordingShares(catalogue, clock);
  const batch = createBatch<RecordedCall>({
    write: (rows) => storage.addRecordings(rows, LIMITS.recorded_calls.value),
    didLose: (rows) => metrics.countRecording('lost', rows),
    startTimer: systemTimer,
    mayRetry: isAway,
    flushAfterMs: FLUSH_AFTER_MS,
    flushAtRows: FLUSH_AT_ROWS,
    rowsMax: LIMITS.recorded_waiting.value,
  });
  const defer = (work: () => void): void => void setImmediate(work);
  const recorder = createRecorder({
    ...{ clock, log, random, redact, batch, shareOf: shares.shareOf, defer },
    count: (fate) => metrics.countRecording(fate, 1),
  });
  closing.defer(async () => {
    await recorder.flush();
    await batch.close();
  });
  const list: Recordings['list'] = async ({ plugin, tenant = DEFAULT_TENANT, tool, limit = LIST_DEFAULT }) => {
    insistOnLimit(limit);
    await recorder.flush();
    const owner = { tenant_id: tenant, plugin_name: plugin, rowsMax: limit };
    return storage.listRecordings(tool === undefined ? owner : { ...owner, tool });
  };
  return {
    recorder,
    mirror: createMirror({ log, random, count: metrics.countMirrored, defer }),
    recordings: {
      share: ({ plugin, tenant = DEFAULT_TENANT }) => shares.shareOf(tenant, plugin),
      setShare: shares.setShare,
      list,
      read: async (wanted, by) => {
        insistOnLimit(wanted.limit ?? LIST_DEFAULT);
        const { tenant } = wanted;
        await shares.noteReading(wanted.plugin, { by, ...(tenant !== undefined && { tenant }) });
        return list(wanted);
      },
      count: async ({ plugin, tenant = DEFAULT_TENANT }) => {
        await recorder.flush();
        return storage.countRecordings({ tenant_id: tenant, plugin_name: plugin });
      },
      // What this node has not written yet would come after it.
      remove: async (plugin, change) => {
        await recorder.flush();
        await shares.forget(plugin, change);
      },
    },
  };
}

const LIST_DEFAULT = 100;

function insistOnLimit(limit: number): void {
  const most = LIMITS.recorded_listed.value;
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= most) return;
  throw new HostError('VALIDATION_FAILED', {
    message: `limit is ${limit}; expected a whole number from 1 to ${most}`,
  });
}
