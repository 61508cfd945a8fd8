/**
 * The schemas of a task and a result (X000-4). `task.schema.json` and `result.schema.json` are printed from them, so that whoever writes
 * a worker in another language and the parser agree. Unknown fields are allowed, for consumers ignore them (X000-5).
 */
import { Type } from 'typebox';
import { TASK_LIMITS } from './task-limits.ts';
import { RESULT_STATUSES, TASK_KINDS } from './task.ts';

/**
 * Bounds of a task: tags, characters of a tag and of an id.
 *
 * @experimental
 */
export const TASK_BOUNDS = {
  tags: TASK_LIMITS.task_tags.value,
  tagCharacters: TASK_LIMITS.task_tag_characters.value,
  idCharacters: TASK_LIMITS.task_id_characters.value,
} as const;

/**
 * A capability tag: lower-case kebab or snake, no white space (X000-7).
 *
 * @experimental
 */
export const TASK_TAG_PATTERN = '^[a-z0-9]+(?:[-_][a-z0-9]+)*$';

const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const id = (description: string) =>
  Type.String({ description, pattern: '^[0-9a-f]{16,}$', maxLength: TASK_BOUNDS.idCharacters });
const time = (description: string) =>
  Type.String({ description, format: 'date-time', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' });

/**
 * The schema of a task.
 *
 * @experimental
 */
export const TaskSchema = Type.Object(
  {
    kind: Type.Enum([...TASK_KINDS], { description: 'What is to be done.' }),
    id: id('Unique: at least 16 hexadecimal digits in lower case.'),
    payload: Type.Object({}, { description: 'What the handler of the kind is told.' }),
    requires: Type.Array(Type.String({ pattern: TASK_TAG_PATTERN, maxLength: TASK_BOUNDS.tagCharacters }), {
      description: 'Capability tags that whoever handles it must have; no order.',
      maxItems: TASK_BOUNDS.tags,
      uniqueItems: true,
    }),
    attempts: Type.Integer({ description: 'Attempts that failed so far.', minimum: 0, maximum: COUNT_MAX }),
    created_at: time('ISO 8601 in UTC, whole seconds, with Z.'),
    schema_v: Type.Integer({ description: 'Version of this schema.', minimum: 1, maximum: COUNT_MAX }),
  },
  { title: 'Bulkhead task', description: 'One piece of work for a worker.' },
);

/**
 * The schema of a result.
 *
 * @experimental
 */
export const ResultSchema = Type.Object(
  {
    task_id: id('Id of the task that it is of.'),
    status: Type.Enum([...RESULT_STATUSES], { description: 'How it ended; skip leaves it to another worker.' }),
    data: Type.Object(
      {},
      { description: 'What came of it; of an error, retryable says whether it is worth another attempt.' },
    ),
    created_at: time('ISO 8601 in UTC, whole seconds, with Z.'),
    attempts: Type.Integer({ description: 'Attempts with this one.', minimum: 1, maximum: COUNT_MAX }),
  },
  { title: 'Bulkhead result', description: 'How a task ended.' },
);
