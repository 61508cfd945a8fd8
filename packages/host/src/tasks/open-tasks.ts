/**
 * How many tasks a tenant may have queued or active, so that none fills the queue: its quota `open_tasks`, or `tenant_tasks` of the limits
 * table. Whoever takes tasks for tenants asks here.
 */
import { LIMITS } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Quota } from '../storage/catalogue-port.ts';

/**
 * The most tasks that a tenant may have open.
 *
 * @internal
 */
export function openTasksMax(quota: Quota | undefined): number {
  return quota?.open_tasks ?? LIMITS.tenant_tasks.value;
}

/**
 * Insists that a tenant may have one more; `open` are those that it has.
 *
 * @throws {HostError} `TENANT_QUOTA_EXCEEDED`.
 * @internal
 */
export function insistOnOpenTask({ open, most }: { readonly open: number; readonly most: number }): void {
  if (open < most) return;
  throw new HostError('TENANT_QUOTA_EXCEEDED', {
    message: `the tenant has ${open} tasks queued or active; it may have ${most}`,
    hint: 'Wait until workers have done some, cancel some, or have the quota `open_tasks` raised.',
    limit: { name: 'open_tasks', allowed: most, observed: open + 1, unit: 'tasks' },
  });
}
