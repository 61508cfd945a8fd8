/**
 * Bounds on tasks, their queue and their workers, a part of the limits table.
 */
import { KIB, MIB, type Limit } from './limit.ts';

/** Rows of tasks: what one may be, how many wait, who claims them, and for how long they are kept. */
export const TASK_LIMITS = {
  task_id_characters: { value: 128, unit: 'characters', reason: 'Hexadecimal digits; the queue makes ids of 32.' },
  task_tags: { value: 16, unit: 'tags', reason: 'Of one task; what a worker needs beyond is a machine of its own.' },
  task_tag_characters: { value: 64, unit: 'characters', reason: 'Of one tag; read by people.' },
  task_tag_sets: {
    value: 1_000,
    unit: 'sets',
    reason: 'Sets of tags that tasks wait under at a time, of all tenants: each is a queue, and a claim looks at all.',
  },
  task_result_bytes: {
    value: 1 * MIB,
    unit: 'bytes',
    reason: 'JSON of one result, half of what a body may be; files go elsewhere.',
  },
  task_result_inline_bytes: {
    value: 64 * KIB,
    unit: 'bytes',
    reason: 'JSON of a result that is kept with its task; a larger one is kept once, by its digest.',
  },
  tenant_tasks: {
    value: 100_000,
    unit: 'tasks',
    reason:
      'Queued or active of one tenant where no quota `open_tasks` says otherwise; ten minutes of work for a queue.',
  },
  tasks_listed: { value: 1_000, unit: 'tasks', reason: 'What one request may read, or retry by their ids.' },
  task_wait_ms: {
    value: 30_000,
    unit: 'ms',
    reason: 'How long a request waits for a task, or for the end of one; proxies end those that are silent for 60 s.',
  },
  task_lease_ms: {
    value: 600_000,
    unit: 'ms',
    reason: 'Hard maximum of a lease over HTTP; a worker that is at work holds it by heartbeats.',
  },
  worker_tags: { value: 64, unit: 'tags', reason: 'Of one worker, with all that they imply.' },
  task_waits: {
    value: 768,
    unit: 'requests',
    reason: 'That wait at once, for a task or for the end of one, on one server; each holds a connection.',
  },
  task_waits_of_tenant: {
    value: 256,
    unit: 'requests',
    reason: 'Of one tenant (X000-17); leaves connections to the others.',
  },
  task_reclaim_ms: { value: 1_000, unit: 'ms', reason: 'How often leases that have ended are looked for.' },
  task_prune_ms: { value: 3_600_000, unit: 'ms', reason: 'How often tasks that ended long ago are removed.' },
  task_retention_ms: {
    value: 14 * 24 * 3_600_000,
    unit: 'ms',
    reason: 'How long a task that is done or cancelled is kept, with its result (X000-11).',
  },
  task_dead_retention_ms: {
    value: 30 * 24 * 3_600_000,
    unit: 'ms',
    reason: 'How long a dead letter is kept (X000-11).',
  },
} as const satisfies Record<string, Limit>;
