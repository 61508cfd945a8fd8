/**
 * Dead letters as a document: JSON, or CSV for a spreadsheet (RFC 4180). They are read page by page and written as they come.
 */
import type { TaskKind } from '@bulkhead/protocol';
import type { KeptTask, QueueDoor } from './queue-door.ts';

/** What is exported, and how it is written; `write` resolves once whoever reads has taken the part. */
export type DeadExport = {
  readonly queue: Pick<QueueDoor, 'list' | 'show'>;
  readonly kind: TaskKind | undefined;
  readonly format: ExportFormat;
  readonly write: (part: string) => Promise<void>;
};

/** Words for how. */
export const EXPORT_FORMATS = ['csv', 'json'] as const;
/** One of them. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const PAGE = 100;

/** Writes all dead letters; answers how many. One that is sent back meanwhile is left out. */
export async function exportDead({ queue, kind, format, write }: DeadExport): Promise<number> {
  let count = 0;
  await write(format === 'csv' ? csvLine(COLUMNS.map(([name]) => name)) : '[');
  for (let before: string | null | undefined; before !== null;) {
    const of = { ...(kind !== undefined && { kind }), ...(before !== undefined && { before }) };
    const { tasks, next } = await queue.list({ ...of, state: 'dead', limit: PAGE });
    for (const { task } of tasks) {
      const kept = await queue.show(task.id);
      if (kept.state !== 'dead') continue;
      await write(format === 'csv' ? csvOf(kept) : `${count === 0 ? '' : ','}\n${JSON.stringify(kept)}`);
      count += 1;
    }
    before = next;
  }
  if (format === 'json') await write(count === 0 ? ']\n' : '\n]\n');
  return count;
}

const COLUMNS: readonly (readonly [name: string, read: (kept: KeptTask) => string])[] = [
  ['id', ({ task }) => task.id],
  ['kind', ({ task }) => task.kind],
  ['tenant_id', ({ tenant_id }) => tenant_id],
  ['reason', ({ reason }) => reason ?? ''],
  ['attempts', ({ task }) => String(task.attempts)],
  ['requires', ({ task }) => task.requires.join(' ')],
  ['created_at', ({ task }) => task.created_at],
  ['worker_id', ({ result }) => result?.worker_id ?? ''],
  ['handler_version', ({ result }) => result?.handler_version ?? ''],
  ['payload', ({ task }) => JSON.stringify(task.payload)],
  ['data', ({ result }) => (result === undefined ? '' : JSON.stringify(result.data))],
];

function csvOf(kept: KeptTask): string {
  return csvLine(COLUMNS.map(([, read]) => read(kept)));
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** Text that a spreadsheet would run as a formula is marked as text: what a handler said may be anybody's. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
