/**
 * Asks one relation of one case: makes its follow-ups, runs them, and compares. Only the runs wait; what the relation's own code
 * throws is a fault of the task, what a run throws is not caught here.
 */
import type { JsonValue } from '@bulkhead/protocol';
import type { Case } from './cases.ts';
import { frozenCopy, nonJsonPlace, type JsonArgs } from './json.ts';
import type { RunCase } from './judge-case.ts';
import { answered, asTaskCode, judgeProperty, judgeShape, stateOf } from './judge-property.ts';
import type { CheckState } from './judged.ts';
import { followUpsOf, relationRandom } from './relations.ts';
import { shownResult } from './shown.ts';
import type { Task, TaskRelation } from './task.ts';

/** Follow-ups of one relation on one case; each is a run in a sandbox. */
const FOLLOW_UPS_MAX = 100;

/** The case, its result, and how follow-ups are run. */
type Source = { readonly one: Case; readonly out: JsonValue; readonly seed: number; readonly run: RunCase };
/** Follow-ups with their results, in one order. */
type Follow = { readonly args: readonly JsonArgs[]; readonly outs: readonly JsonValue[] };

/** Asks a relation, by its index in the task. */
export async function judgeRelation(task: Task, relationIndex: number, source: Source): Promise<CheckState> {
  const relation = task.relations[relationIndex];
  if (relation === undefined) return { kind: 'unreached' };
  const made = followUpArgs(relation, relationIndex, source);
  if (made.kind !== 'made') return made;
  const follow = await followResults(task, made.args, source.run);
  if (follow.kind !== 'run') return follow;
  return asTaskCode(() => comparedState(task, relation, { source, follow }));
}

function followUpArgs(
  relation: TaskRelation,
  relationIndex: number,
  { one, out, seed }: Source,
): CheckState | { readonly kind: 'made'; readonly args: readonly JsonArgs[] } {
  const random = relationRandom({ seed, caseIndex: one.index, relationIndex, name: relation.name });
  return asTaskCode(() => {
    const args = followUpsOf(relation.transform(one.args, { random, out }));
    if (args === undefined) return { kind: 'skipped' };
    const wrong = wrongFollowUps(args);
    return wrong === undefined ? { kind: 'made', args: args.map((list) => frozenCopy(list)) } : fault(wrong);
  });
}

function wrongFollowUps(args: readonly unknown[]): string | undefined {
  if (args.length > FOLLOW_UPS_MAX) return `made ${args.length} follow-ups; expected at most ${FOLLOW_UPS_MAX}`;
  if (args.some((list) => !Array.isArray(list))) return 'made arguments that are no list; expected a list of them';
  const place = args.map((list) => nonJsonPlace(list, 'args')).find((found) => found !== undefined);
  return place === undefined ? undefined : `made arguments that are no JSON: ${place}`;
}

async function followResults(
  task: Task,
  followArgs: readonly JsonArgs[],
  run: RunCase,
): Promise<CheckState | ({ readonly kind: 'run' } & Follow)> {
  const outs: JsonValue[] = [];
  for (const args of followArgs) {
    const answer = await run(args);
    if (!answer.ok) return { kind: 'run_failed', answer, args };
    const shape = judgeShape(task, answer.value);
    if (shape.kind !== 'held') return onFollowUp(shape, args);
    outs.push(answer.value);
  }
  return { kind: 'run', args: followArgs, outs };
}

function comparedState(
  task: Task,
  { rule, description }: TaskRelation,
  { source, follow }: { readonly source: Source; readonly follow: Follow },
): CheckState {
  if (rule.expect === 'properties_hold') return propertiesState(task, follow);
  if (rule.expect === 'equal' || rule.expect === 'not_equal') {
    return equivalenceState(task, { expect: rule.expect, source, follow });
  }
  const given = {
    args: source.one.args,
    followArgs: follow.args,
    equivalent: (one: JsonValue, other: JsonValue) => task.equivalence(one, other),
  };
  return stateOf(rule.relate(source.out, follow.outs, given), {
    violated: description,
    asked: 'relate',
    followArgs: follow.args,
  });
}

function equivalenceState(
  task: Task,
  {
    expect,
    source,
    follow,
  }: { readonly expect: 'equal' | 'not_equal'; readonly source: Source; readonly follow: Follow },
): CheckState {
  const isExpected = expect === 'equal';
  for (const [index, out] of follow.outs.entries()) {
    const isEqual: unknown = task.equivalence(source.out, out);
    if (typeof isEqual !== 'boolean') return answered(isEqual, 'equivalence');
    if (isEqual !== isExpected) {
      const message = `results ${isExpected ? 'differ' : 'are equal'}: ${shownResult(task, source.out)} and, of the follow-up, ${shownResult(task, out)}`;
      return { kind: 'violated', message, followArgs: follow.args.slice(index, index + 1) };
    }
  }
  return { kind: 'held' };
}

function propertiesState(task: Task, { args, outs }: Follow): CheckState {
  const hard = task.properties.filter(({ mode }) => mode === 'hard');
  const states = outs.flatMap((out, index) =>
    hard.map((property) => {
      const followArgs = args[index] ?? [];
      return onFollowUp(judgeProperty(property, { args: followArgs, out }), followArgs, property.name);
    }),
  );
  const worst = states.find(({ kind }) => kind === 'violated') ?? states.find(({ kind }) => kind === 'fault');
  if (worst !== undefined) return worst;
  return { kind: states.some(({ kind }) => kind === 'held') ? 'held' : 'skipped' };
}

/** The state of a check of a follow-up, as one of the relation. */
function onFollowUp(state: CheckState, args: JsonArgs, property?: string): CheckState {
  if (state.kind !== 'violated') return state;
  const where = property === undefined ? 'on the follow-up' : `property "${property}" on the follow-up`;
  return { kind: 'violated', message: `${where}: ${state.message}`, followArgs: [args] };
}

function fault(message: string): CheckState {
  return { kind: 'fault', message };
}
