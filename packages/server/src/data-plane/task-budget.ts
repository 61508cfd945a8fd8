/**
 * How many tasks a tenant may have queued or active, so that none fills the queue: its quota `open_tasks`, or `tenant_tasks` of the limits table.
 *
 * TB1: The count is read again after a second, and is counted on in between; so with several nodes a tenant may pass its bound by what they
 *      take within that second, and by no more.
 */
import { insistOnOpenTask, openTasksMax, type Host, type TaskQueue } from '@bulkhead/host';

/** The budget of all tenants. */
export type TaskBudget = {
  /**
   * Counts one more task of a tenant.
   *
   * @throws {HostError} `TENANT_QUOTA_EXCEEDED` where it has as many as it may; `STORAGE_UNAVAILABLE`.
   */
  readonly take: (tenant: string) => Promise<void>;
};

/** What the budget is made of; `now` is monotonic milliseconds. */
export type TaskBudgetOptions = {
  readonly queue: Pick<TaskQueue, 'countOpen'>;
  readonly tenants: Pick<Host['tenants'], 'find'>;
  readonly now: () => number;
};

type Counted = { count: number; readonly at: number };

const FRESH_MS = 1_000;
/** Where the budget is used up workers may make room at any time; but a flood does not count as often as it asks. */
const FULL_FRESH_MS = 100;
const TENANTS_MAX = 10_000;

/** Makes a budget of which nothing is known. */
export function createTaskBudget({ queue, tenants, now }: TaskBudgetOptions): TaskBudget {
  const counts = new Map<string, Promise<Counted>>();

  async function count(tenant: string): Promise<Counted> {
    try {
      return { count: await queue.countOpen(tenant), at: now() };
    } catch (error) {
      counts.delete(tenant);
      throw error;
    }
  }

  function countAgain(tenant: string): Promise<Counted> {
    if (counts.size >= TENANTS_MAX) counts.clear();
    const counting = count(tenant);
    counts.set(tenant, counting);
    return counting;
  }

  async function take(tenant: string): Promise<void> {
    const most = openTasksMax(tenants.find(tenant)?.quota);
    const known = counts.get(tenant);
    let counted = await (known ?? countAgain(tenant));
    const freshMs = counted.count < most ? FRESH_MS : FULL_FRESH_MS;
    if (now() - counted.at >= freshMs) {
      // Whoever waited for the same count asks for one new count, not for one each.
      counted = await (counts.get(tenant) === known ? countAgain(tenant) : (counts.get(tenant) ?? countAgain(tenant)));
    }
    insistOnOpenTask({ open: counted.count, most });
    counted.count += 1;
  }

  return { take };
}
