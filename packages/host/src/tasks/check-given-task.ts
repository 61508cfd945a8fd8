/**
 * What a caller may say of a task that is to be done: field by field, before a task is made of it. Whoever takes tasks from outside asks here,
 * over HTTP as on a store that is opened, so that both refuse in the same words.
 */
import { LIMITS, TASK_KINDS, inspectJson, isJsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { faultOfNumbers, faultOfTags, shown } from './check-new-tasks.ts';

/**
 * Insists that a task can be made of what was given. Fields that are undefined are taken as left out; only `kind` has to be there.
 *
 * @throws {HostError} `VALIDATION_FAILED` with the first field that does not fit, its value, cut, and what was expected.
 * @public
 */
export function assertGivenTask(given: Readonly<Record<string, unknown>>): void {
  const wrong = faultOf(given);
  if (wrong === undefined) return;
  throw new HostError('VALIDATION_FAILED', {
    message: `the task’s ${wrong}`,
    hint: 'Mend the field and give the task again; `/openapi.json` and `bulkhead queue add --help` say what each takes.',
  });
}

const FIELDS: readonly string[] = ['kind', 'payload', 'requires', 'priority', 'deadline', 'max_retry', 'id'];
/** Keys that a task has around its payload, and more: what fits here fits in a task. */
const KEYS_AROUND = 64;
const ID = /^[0-9a-f]{16,}$/u;

function faultOf(given: Readonly<Record<string, unknown>>): string | undefined {
  const { kind, payload, requires = [], id } = given;
  const other = Object.keys(given).find((name) => !FIELDS.includes(name));
  if (other !== undefined) return `field ${shown(other)} is none of its fields; expected ${FIELDS.join(', ')}`;
  if (!TASK_KINDS.some((known) => known === kind)) {
    return `field "kind" is ${shown(kind)}; expected one of ${TASK_KINDS.join(', ')}`;
  }
  return (
    faultOfPayload(payload) ??
    faultOfTags(requires) ??
    faultOfNumbers(given) ??
    (id === undefined || isId(id)
      ? undefined
      : `field "id" is ${shown(id)}; expected 16 to ${LIMITS.task_id_characters.value} hexadecimal digits in lower case`)
  );
}

function faultOfPayload(payload: unknown = {}): string | undefined {
  if (!isJsonObject(payload)) return `field "payload" is ${shown(payload)}; expected an object`;
  const bounds = { depthMax: LIMITS.json_depth.value - 1, keysMax: LIMITS.json_keys.value - KEYS_AROUND };
  const fault = inspectJson(payload, bounds);
  if (fault === undefined) return undefined;
  const what = fault.kind === 'too_deep' ? 'levels' : 'keys and items';
  return `field "payload" has at least ${fault.observed} ${what}; expected at most ${fault.allowed}`;
}

function isId(id: unknown): boolean {
  return typeof id === 'string' && ID.test(id) && id.length <= LIMITS.task_id_characters.value;
}
