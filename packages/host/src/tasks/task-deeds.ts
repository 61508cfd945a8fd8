/**
 * What the audit log says of tasks: who cancelled one, and who sent dead letters back. To give a task is no such deed, as no call is: there
 * are thousands a minute, and each is kept by itself.
 */
import type { JsonObject, TaskKind } from '@bulkhead/protocol';
import { summaryOf } from '../catalogue/audited.ts';
import type { AuditEntry } from '../storage/catalogue-port.ts';
import type { TaskActor, TaskState } from './task-queue.ts';

/**
 * A task as its line names it.
 *
 * @internal
 */
export type NamedTask = { readonly id: string; readonly kind: TaskKind; readonly tenant_id: string };

/**
 * The line of a task that was cancelled, with the state that it was in.
 *
 * @internal
 */
export function cancelEntry({ state, ...task }: NamedTask & { readonly state: TaskState }, by: TaskActor): AuditEntry {
  return entryOf(
    { action: 'task.cancel', tenant_id: task.tenant_id, resource: `task ${task.id}`, by },
    { kind: task.kind, state },
  );
}

/**
 * The lines of dead letters that were sent back at once: one for each tenant, so that its admin reads of its own. Ids that do not fit into a
 * line are cut; how many there are is always said.
 *
 * @internal
 */
export function retryEntries(tasks: readonly NamedTask[], by: TaskActor): readonly AuditEntry[] {
  return [...Map.groupBy(tasks, ({ tenant_id }) => tenant_id)].map(([tenant_id, own]) => {
    const [kinds, ids] = [[...new Set(own.map(({ kind }) => kind))], own.map(({ id }) => id)];
    const isOne = ids.length === 1;
    const resource = isOne ? `task ${ids.join()}` : `${ids.length} tasks`;
    const details = isOne ? { kind: kinds.join() } : { kinds, ids };
    return entryOf({ action: 'task.retry', tenant_id, resource, by }, details);
  });
}

type Deed = Pick<AuditEntry, 'action' | 'tenant_id' | 'resource'> & { readonly by: TaskActor };

function entryOf({ by, ...deed }: Deed, details: JsonObject): AuditEntry {
  return { ...by, ...deed, details: summaryOf(details) };
}
