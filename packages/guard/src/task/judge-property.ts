/**
 * Asks one property of one result. The property's own code may be wrong in any way.
 */
import type { JsonValue } from '@bulkhead/protocol';
import type { JsonArgs } from './json.ts';
import type { CheckState } from './judged.ts';
import type { Task, TaskProperty } from './task.ts';

/** Asks a property of a result. */
export function judgeProperty(
  property: TaskProperty,
  { args, out }: { readonly args: JsonArgs; readonly out: JsonValue },
): CheckState {
  return asTaskCode(() => {
    const applies = property.pre(...args);
    if (typeof applies !== 'boolean') return answered(applies, 'pre');
    if (!applies) return { kind: 'skipped' };
    return stateOf(property.check(out, ...args), { violated: property.description, asked: 'check' });
  });
}

/** Asks whether a value is a result of the task at all. */
export function judgeShape(task: Task, value: JsonValue): CheckState {
  return asTaskCode(() =>
    stateOf(task.isResult(value), { violated: 'the value is no result of this task', asked: 'isResult' }),
  );
}

/** What the answer of a check means: true, or false or a text where it does not hold; any other is a fault. */
export function stateOf(answer: unknown, { violated, asked, followArgs = [] }: StateWords): CheckState {
  if (answer === true) return { kind: 'held' };
  if (answer === false || answer === '') return { kind: 'violated', message: violated, followArgs };
  if (typeof answer === 'string') return { kind: 'violated', message: answer, followArgs };
  return answered(answer, asked);
}

/** Runs code of a task; what it throws is a fault of the task. */
export function asTaskCode<T>(compute: () => T): T | (CheckState & { readonly kind: 'fault' }) {
  try {
    return compute();
  } catch (error) {
    return { kind: 'fault', message: `threw: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** What an answer of the wrong type means. */
export function answered(answer: unknown, asked: string): CheckState {
  const what = answer instanceof Promise ? 'a promise' : `a value of type ${typeof answer}`;
  // A rejection that nobody handles would end the process; what it says is lost, as nobody may wait for it.
  if (answer instanceof Promise) answer.catch(() => undefined);
  return { kind: 'fault', message: `answered with ${what} from ${asked}; expected true, false or a text` };
}

type StateWords = {
  /** What a bare false says. */
  readonly violated: string;
  /** The function that was asked. */
  readonly asked: string;
  readonly followArgs?: readonly JsonArgs[];
};
