/**
 * The JSON Schema of a line of a file of cases.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { anyObject, count, enumOf, list, nullOr, number, object, record, text } from './schema-parts.ts';

const violation = object('A broken property or relation.', {
  kind: enumOf('What it is.', ['property', 'relation']),
  name: text('Its name.'),
  mode: enumOf('Soft ones are only reported.', ['hard', 'soft']),
  message: text('What is wrong.'),
  args: text('Arguments.'),
  follow_args: list('Arguments of its follow-ups.', text('Arguments.')),
});

const runFailure = object('A failed run.', {
  kind: text('Its type.'),
  code: text('Its code.'),
  message: text('What happened.'),
  relation: nullOr(text('Whose follow-up it was; null for the case itself.')),
  duration_ms: number('Milliseconds.'),
  args: text('Arguments.'),
});

const fault = object('What went wrong in the code of the task.', {
  code: { const: 'TASK_FAULT' },
  kind: enumOf('Where.', ['property', 'relation']),
  name: text('Its name.'),
  message: text('What happened.'),
});

const side = object('One side of the case.', {
  grade: enumOf('How it ended.', ['passed', 'failed', 'ungraded', 'unrun']),
  pass_share: number('Of its repeats, how many passed, from 0 to 1.'),
  result: anyObject('The first run.'),
  duration_ms: number('Milliseconds.'),
  checks: text('One letter for each check.'),
  violations: list('What was broken.', violation),
  violation_count: count('How much was broken.'),
  run_failures: list('Runs that failed.', runFailure),
  faults: list('Faults of the task.', fault),
  executions: count('Runs.'),
  sandbox_failures: count('Runs that ended for no reason of the implementation.'),
  metrics: record('Metrics by name.', number('', ['null'])),
});

/** The schema. */
export const PAIR_SCHEMA: JsonObject = object('One case as both implementations did it.', {
  case_index: count('From 0.'),
  case_id: text('Its name.'),
  cluster: text('Its cluster.'),
  args: text('Arguments.'),
  first: enumOf('The side that was run first.', ['baseline', 'candidate']),
  baseline: side,
  candidate: side,
  flaky: list('Sides that answered otherwise when asked again.', enumOf('A side.', ['baseline', 'candidate'])),
  regression: nullOr(
    object('What the candidate broke every time it was asked.', {
      kind: enumOf('What it is.', ['property', 'relation', 'run']),
      name: text('Its name, or the type of the failed run.'),
      message: text('What is wrong.'),
    }),
  ),
});
