/**
 * What tasks, claims and results look like on the wire, as JSON Schema; and how a result is read.
 */
import { HostError, TASK_QUEUE_BOUNDS, type AuditedResult } from '@bulkhead/host';
import { LIMITS, ResultSchema, TASK_KINDS, TASK_TAG_PATTERN, TaskSchema, parseResult } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';

const WORKER_ID_CHARACTERS_MAX = 255;
const VERSION_CHARACTERS_MAX = 400;
const LEASE_CHARACTERS_MAX = 64;
/** A worker that may be silent for less is lost by a single late packet. */
const LEASE_MS_MIN = 100;

/** Names and leases are printable, so that a log or a table shows what was sent. */
const VISIBLE = '^[\\x21-\\x7e]+$';

/** An id of a task. */
export const TaskIdSchema = Type.String({ pattern: '^[0-9a-f]{16,}$', maxLength: LIMITS.task_id_characters.value });

const TASK_ID = /^[0-9a-f]{16,}$/;

/** Tells whether a text is an id of a task. */
export function isTaskId(text: string): boolean {
  return text.length <= LIMITS.task_id_characters.value && TASK_ID.test(text);
}

/** A kind of task. */
export const TaskKindSchema = Type.Enum([...TASK_KINDS]);

const tags = (maxItems: number, description: string) =>
  Type.Array(Type.String({ pattern: TASK_TAG_PATTERN, maxLength: LIMITS.task_tag_characters.value }), {
    ...{ maxItems, description, uniqueItems: true },
  });

/** Tags that a task requires. */
export const RequiresSchema = tags(LIMITS.task_tags.value, 'Tags that its worker must have.');

const WorkerIdSchema = Type.String({ pattern: VISIBLE, maxLength: WORKER_ID_CHARACTERS_MAX });
const LeaseSchema = Type.String({ pattern: VISIBLE, maxLength: LEASE_CHARACTERS_MAX });
const LeaseMsSchema = Type.Integer({
  minimum: LEASE_MS_MIN,
  maximum: LIMITS.task_lease_ms.value,
  description: 'For how long the worker may be silent from now on.',
});

/** Body of a claim. */
export const ClaimSchema = Type.Object(
  {
    worker_id: WorkerIdSchema,
    tags: tags(LIMITS.worker_tags.value, 'What the worker has.'),
    lease_ms: LeaseMsSchema,
    wait_ms: Type.Integer({
      minimum: 0,
      maximum: LIMITS.task_wait_ms.value,
      description: 'How long to wait where nothing is to be done.',
    }),
    kinds: Type.Optional(
      Type.Array(TaskKindSchema, { maxItems: TASK_KINDS.length, uniqueItems: true, description: 'Only these.' }),
    ),
    not: Type.Optional(
      Type.Array(TaskIdSchema, { maxItems: TASK_QUEUE_BOUNDS.notIds, description: 'Tasks that it does not want.' }),
    ),
  },
  { additionalProperties: false },
);

/** Body of a heartbeat. */
export const HeartbeatSchema = Type.Object(
  { lease: LeaseSchema, lease_ms: LeaseMsSchema },
  { additionalProperties: false },
);

/** A result with who made it; unknown fields are ignored (X000-5). */
export const AuditedResultSchema = Type.Object({
  ...ResultSchema.properties,
  worker_id: WorkerIdSchema,
  handler_version: Type.Union([Type.String({ maxLength: VERSION_CHARACTERS_MAX }), Type.Null()]),
  image_tag: Type.String({ maxLength: VERSION_CHARACTERS_MAX }),
});

/** Body of a completion. */
export const CompleteSchema = Type.Object(
  { lease: LeaseSchema, result: AuditedResultSchema },
  { additionalProperties: false },
);

/** A claimed task. */
export const ClaimedSchema = Type.Object({ task: TaskSchema, tenant_id: Type.String(), lease: LeaseSchema });

/** What became of a heartbeat or a completion. */
export const LeaseAnswerSchema = Type.Object({
  lease: Type.Enum(['held', 'lost', 'cancelled'], {
    description: 'lost: somebody else has, or has done, the task; cancelled: nobody wants it any more.',
  }),
});

/**
 * Reads a result that fits its schema: with its own fields and no others.
 *
 * @throws {HostError} `VALIDATION_FAILED` for a time that is none, or one that is too large.
 */
export function readAuditedResult(sent: Static<typeof AuditedResultSchema>): AuditedResult {
  const { worker_id, handler_version, image_tag } = sent;
  const parsed = parseResult(sent);
  if (!parsed.ok) throw new HostError('VALIDATION_FAILED', { message: parsed.findings[0]?.message ?? 'no result' });
  const result = { ...parsed.result, worker_id, handler_version, image_tag };
  const [bytes, bytesMax] = [Buffer.byteLength(JSON.stringify(result)), LIMITS.task_result_bytes.value];
  if (bytes <= bytesMax) return result;
  throw new HostError('VALIDATION_FAILED', {
    message: `the result has ${bytes} bytes as JSON; expected at most ${bytesMax}`,
    hint: 'Let the handler return a file, or less.',
    limit: { name: 'task_result_bytes', allowed: bytesMax, observed: bytes, unit: 'bytes' },
  });
}
