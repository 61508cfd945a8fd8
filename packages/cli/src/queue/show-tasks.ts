/**
 * Tasks as people read them: a table of many, or all of one.
 */
import type { TaskState } from '@bulkhead/host';
import { columns, plain, tableLines, type Cell } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { KeptTask, TaskPage } from './queue-door.ts';

type Colors = Terminal['colors'];

/** Prints one page. */
export function showPage({ tasks, next }: TaskPage, { result, say, colors, talkColors }: Terminal): void {
  const rows = tasks.map((kept): readonly Cell[] => [
    kept.task.id,
    kept.task.kind,
    { text: kept.state, paint: paintOf(kept.state, colors) },
    kept.tenant_id,
    kept.task.requires.toSorted().join(' ') || '-',
    String(kept.task.attempts),
    kept.task.created_at,
    kept.worker_id ?? kept.reason ?? '',
  ]);
  const head = ['task', 'kind', 'state', 'tenant', 'requires', 'attempts', 'made', 'worker, or why it is dead'];
  for (const line of tableLines(head, rows, colors)) result(line);
  if (rows.length === 0) say('there are no such tasks');
  if (next !== null) say(talkColors.dim(`there may be more: --before ${plain(next)}`));
}

/** Prints all of one task. */
export function showTask(kept: KeptTask, { result, colors }: Terminal): void {
  const { task, state, reason, worker_id: worker, lease_until: until, deadline } = kept;
  const fields: readonly (readonly [name: string, cell: Cell | undefined])[] = [
    ['task', task.id],
    ['state', { text: state, paint: paintOf(state, colors) }],
    ['reason', reason],
    ['kind', task.kind],
    ['tenant', kept.tenant_id],
    ['requires', task.requires.toSorted().join(' ') || '-'],
    ['priority', String(kept.priority)],
    ['attempts', `${task.attempts} failed, of ${kept.max_retry + 1}`],
    ['made', task.created_at],
    ['available', state === 'queued' ? kept.available_at : undefined],
    ['deadline', deadline],
    ['worker', worker === undefined ? undefined : `${worker}, until ${until ?? ''}`],
    ['payload', JSON.stringify(task.payload)],
    ['result', kept.result === undefined ? undefined : resultText(kept.result)],
    ['data', kept.result === undefined ? undefined : JSON.stringify(kept.result.data)],
  ];
  const rows = fields.flatMap(([name, cell]) =>
    cell === undefined ? [] : [[{ text: name, paint: colors.dim }, cell]],
  );
  for (const line of columns(rows)) result(line);
}

function resultText({ status, worker_id, handler_version, created_at }: NonNullable<KeptTask['result']>): string {
  return `${status} at ${created_at}, by ${worker_id} with ${handler_version ?? 'no handler'}`;
}

function paintOf(state: TaskState, colors: Colors): (text: string) => string {
  if (state === 'done') return colors.green;
  if (state === 'dead') return colors.red;
  return state === 'cancelled' ? colors.dim : colors.yellow;
}
