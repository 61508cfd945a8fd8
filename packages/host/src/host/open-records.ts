/**
 * Opens what is written behind calls: the ledger, transitions, and how calls with an idempotency key ended. Each waits for a
 * storage that is away, within a bound; what was lost is counted.
 */
import { systemTimer } from '../base/timer.ts';
import { hasJustBegun, storeCalls, takeBack, toLedgerRows, type CallRecord } from '../call/call-record.ts';
import type { CallPath } from '../call/call-run.ts';
import { settle, type Settlement } from '../call/run-once.ts';
import { openNodeId } from '../data/node-id.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Transition } from '../registry/history.ts';
import { createBatch, type Batch, type BatchOptions } from '../storage/batch.ts';
import { isAway, type Storage } from '../storage/port.ts';
import type { AgentRunRow } from '../storage/agents-port.ts';
import type { UsageRow } from '../storage/usage-port.ts';
import { startRetention } from '../storage/retention.ts';
import { endLostAgentRuns } from './end-lost-agent-runs.ts';
import { endLostCalls } from './end-lost-calls.ts';
import type { HostSettings } from './settings.ts';

/** Where they are written, and where a loss is counted. */
export type Recorded = { readonly storage: Storage; readonly metrics: Metrics };

/** The batches, and the id under which this node writes. */
export type Records = Pick<CallPath, 'node' | 'ledger' | 'settlements'> & {
  readonly transitions: Batch<Transition>;
  readonly usage: Batch<UsageRow>;
  /** Ends of agents' runs that the storage could not take at once. */
  readonly agentRuns: Batch<AgentRunRow>;
};

/** An outcome may have megabytes, and few calls have a key. */
const SETTLEMENTS_MAX = 100;

/** Opens them, once the calls that an earlier host of this node left have been ended. Closed after the guests, since a call that they end is recorded, too. */
export async function openRecords(
  { clock, log, dataDir }: HostSettings,
  { storage, metrics }: Recorded,
  closing: AsyncDisposableStack,
): Promise<Records> {
  const node = await openNodeId(dataDir);
  await endLostCalls(storage, { node, clock });
  await endLostAgentRuns(storage, { node, clock });
  closing.defer(startRetention({ storage, clock, log, startTimer: systemTimer }));

  function open<Row>(part: Parameters<Metrics['countRecordFailure']>[0], options: Writing<Row>): Batch<Row> {
    const didLose = (): void => metrics.countRecordFailure(part);
    const batch = createBatch<Row>({ ...options, didLose, mayRetry: isAway, startTimer: systemTimer });
    closing.defer(() => batch.close());
    return batch;
  }

  const ledger = open<CallRecord>('ledger', {
    write: (records) => {
      const wallTime = clock.wallTime();
      const due: CallRecord[] = [];
      for (const record of records) {
        if (hasJustBegun(record, wallTime)) ledger.add(record);
        else due.push(record);
      }
      return writeCalls(storage, node, due);
    },
  });
  return {
    node,
    transitions: open<Transition>('transitions', { write: (rows) => storage.appendTransitions(rows) }),
    ledger,
    usage: open<UsageRow>('usage', { write: (rows) => storage.addUsage(rows) }),
    agentRuns: open<AgentRunRow>('agents', {
      write: async (rows) => {
        for (const row of rows) await storage.changeAgentRun(row, ['running']);
      },
      rowsMax: SETTLEMENTS_MAX,
    }),
    settlements: open<Settlement>('keys', {
      write: async (ends) => {
        for (const end of ends) await settle(storage, end);
      },
      rowsMax: SETTLEMENTS_MAX,
    }),
  };
}

type Writing<Row> = Pick<BatchOptions<Row>, 'write' | 'rowsMax'>;

async function writeCalls(storage: Storage, node: string, records: readonly CallRecord[]): Promise<void> {
  try {
    await storeCalls(storage, toLedgerRows(node, records));
  } catch (error) {
    takeBack(records);
    throw error;
  }
}
