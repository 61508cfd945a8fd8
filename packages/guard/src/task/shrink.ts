/**
 * Makes a failing case small: what a person reads should hold nothing that the failure does not need.
 *
 * 1. Does it fail twice? One that does not is flaky, and shrinking it would follow chance.
 * 2. Take what can be taken in few runs (`shrink-passes.ts`).
 * 3. Go to the first smaller one that fails, again and again, until none does or the runs are used up.
 *
 * A case of arbitraries stays among the values that they can make: the third step is fast-check's, and the second is left out
 * where an arbitrary cannot say what it can make, as one with `map` or `chain` cannot. Any other case is shrunk as
 * JSON, which does not know what the implementation accepts: `stillFails` must say no to arguments that are none of the task's.
 */
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import { Value, type Arbitrary } from 'fast-check';
import { arbitraryValue, withArgs, type Case } from './cases.ts';
import { frozenCopy, isList, nonJsonPlace, type JsonArgs } from './json.ts';
import { judgeCase, type JudgeOptions } from './judge-case.ts';
import type { Check } from './judged.ts';
import { runPasses } from './shrink-passes.ts';
import type { Task } from './task.ts';

/**
 * How to shrink: whether arguments still fail in the way that is looked at, the seed of the run that the case is of, and how many
 * times to ask at most, 500 where not given, the two first ones with them.
 *
 * @public
 */
export type ShrinkOptions = {
  readonly stillFails: (args: JsonArgs) => Promise<boolean>;
  readonly seed: number;
  readonly runsMax?: number;
};

/**
 * What came of it. `flaky`: the case did not fail twice in a row, and is as it was. `smallest`: no smaller one fails; `bounded`: the
 * runs were used up first. `steps` counts how often it became smaller.
 *
 * @public
 */
export type Shrunk = {
  readonly kind: 'flaky' | 'smallest' | 'bounded';
  readonly args: JsonArgs;
  readonly runs: number;
  readonly steps: number;
};

const RUNS_MAX = 500;
const CONFIRMATIONS = 2;

/**
 * Shrinks a failing case.
 *
 * @throws What `stillFails` rejects with.
 * @public
 */
export async function shrinkCase(task: Task, one: Case, options: ShrinkOptions): Promise<Shrunk> {
  const asking = boundedAsking(options);
  for (let time = 0; time < CONFIRMATIONS; time += 1) {
    if ((await asking.ask(one.args)) !== true) return { kind: 'flaky', args: one.args, runs: asking.runs(), steps: 0 };
  }
  const remembered = rememberedAsking(asking);
  const start = firstShape(task, one, options.seed);
  const leapt = await leap(start, remembered);
  const shape = leapt.steps === 0 ? start : start.other(leapt.args);
  return descend(shape, { asking: remembered, steps: leapt.steps });
}

/**
 * Whether other arguments break the same property or relation of a task: the predicate of {@link shrinkCase}. A relation draws what it
 * drew for the case, its follow-ups are made anew of the smaller arguments, and where it does not apply to them, or a pre-condition
 * is false, they do not fail.
 *
 * @public
 */
export function stillBreaks(
  { task, one, broken }: { readonly task: Task; readonly one: Case; readonly broken: Pick<Check, 'kind' | 'name'> },
  options: JudgeOptions,
): (args: JsonArgs) => Promise<boolean> {
  return async (args) => {
    const { checks } = await judgeCase(task, withArgs(one, args), options);
    return checks.some(({ kind, name, state }) => kind === broken.kind && name === broken.name && state === 'violated');
  };
}

/**
 * Arguments, and how smaller ones are made of them, the smallest first. `allows` tells whether others are of the same kind, and `other` makes
 * the shape of such.
 */
type Shape = {
  readonly args: JsonArgs;
  readonly smaller: () => Iterable<Shape>;
  readonly allows: (args: JsonArgs) => boolean;
  readonly other: (args: JsonArgs) => Shape;
};
type Asking = {
  /** Undefined where the runs are used up. */
  readonly ask: (args: JsonArgs) => Promise<boolean | undefined>;
  readonly runs: () => number;
};

/** What the passes make of the arguments. */
async function leap(start: Shape, asking: Asking): Promise<{ readonly args: JsonArgs; readonly steps: number }> {
  let { args } = start;
  let steps = 0;
  let isSpent = false;
  await runPasses({
    args: () => args,
    isSpent: () => isSpent,
    attempt: async (next) => {
      // Of a large number a little is nothing: what stays as it was is no step.
      if (isSpent || canonicalJson(next) === canonicalJson(args) || !start.allows(next)) return false;
      const fails = await asking.ask(frozenCopy(next));
      isSpent = fails === undefined;
      if (fails !== true) return false;
      args = next;
      steps += 1;
      return true;
    },
  });
  return { args, steps };
}

async function descend(
  start: Shape,
  { asking, steps: before }: { readonly asking: Asking; readonly steps: number },
): Promise<Shrunk> {
  let current = start;
  for (let steps = before; ; steps += 1) {
    const next = await firstFailing(current, asking);
    if (next === undefined || next === 'bounded') {
      return { kind: next ?? 'smallest', args: frozenCopy(current.args), runs: asking.runs(), steps };
    }
    current = next;
  }
}

async function firstFailing(current: Shape, { ask }: Asking): Promise<Shape | 'bounded' | undefined> {
  for (const shape of current.smaller()) {
    // An arbitrary may make what is no JSON on the way down, which cannot be run.
    if (nonJsonPlace(shape.args, 'args') !== undefined) continue;
    const fails = await ask(frozenCopy(shape.args));
    if (fails === undefined) return 'bounded';
    if (fails) return shape;
  }
  return undefined;
}

function boundedAsking({ stillFails, runsMax = RUNS_MAX }: ShrinkOptions): Asking {
  let runs = 0;
  return {
    ask: async (args) => {
      if (runs >= runsMax) return undefined;
      runs += 1;
      return stillFails(args);
    },
    runs: () => runs,
  };
}

/** What was asked once is known: the passes and the descent look at some of the same arguments. */
function rememberedAsking({ ask, runs }: Asking): Asking {
  const known = new Map<string, boolean>();
  return {
    ask: async (args) => {
      const key = canonicalJson(args);
      const before = known.get(key);
      if (before !== undefined) return before;
      const fails = await ask(args);
      if (fails !== undefined) known.set(key, fails);
      return fails;
    },
    runs,
  };
}

/** By fast-check only where its value is the case's: a case may come from a record, with the task's arbitraries beside it. */
function firstShape({ source }: Task, { index, args }: Case, seed: number): Shape {
  if (source.kind === 'arbitrary') {
    const value = arbitraryValue(source, { seed, index });
    if (nonJsonPlace(value.value, 'args') === undefined && canonicalJson(value.value) === canonicalJson(args)) {
      return valueShape(value, source.arbitrary);
    }
  }
  return jsonShape(args);
}

function valueShape(value: Value<JsonArgs>, arbitrary: Arbitrary<JsonArgs>): Shape {
  return {
    args: value.value,
    smaller: () =>
      Iterator.from(arbitrary.shrink(value.value, value.context)).map((next) => valueShape(next, arbitrary)),
    allows: (args) => arbitrary.canShrinkWithoutContext(args),
    // Without what it remembers of how it was made, an arbitrary shrinks what it allows all the same.
    other: (args) => valueShape(new Value(args, undefined), arbitrary),
  };
}

function jsonShape(args: JsonArgs): Shape {
  return {
    args,
    // The number of arguments is the implementation's: only what is in them becomes smaller.
    smaller: () => Iterator.from(smallerItems(args)).map((next) => jsonShape(next)),
    allows: () => true,
    other: (next) => jsonShape(next),
  };
}

function* smallerItems(items: JsonArgs): Generator<JsonArgs> {
  for (const [index, item] of items.entries()) {
    for (const smaller of smallerJson(item)) yield items.with(index, smaller);
  }
}

function* smallerJson(value: JsonValue): Generator<JsonValue> {
  if (typeof value === 'number') yield* smallerNumbers(value);
  else if (typeof value === 'string') yield* smallerTexts(value);
  else if (value === true) yield false;
  else if (typeof value === 'object' && value !== null)
    yield* isList(value) ? smallerLists(value) : smallerObjects(value);
}

/** Halves first, then less and less of the list, then single items made smaller. */
function* smallerLists(list: readonly JsonValue[]): Generator<JsonValue> {
  for (let length = list.length; length >= 1; length = Math.floor(length / 2)) {
    for (let from = 0; from < list.length; from += length) yield list.toSpliced(from, length);
  }
  yield* smallerItems(list);
}

function* smallerObjects(value: Readonly<Record<string, JsonValue>>): Generator<JsonValue> {
  const members = Object.entries(value);
  for (const [index] of members.entries()) yield Object.fromEntries(members.toSpliced(index, 1));
  for (const [index, [key, member]] of members.entries()) {
    for (const smaller of smallerJson(member)) yield Object.fromEntries(members.with(index, [key, smaller]));
  }
}

/** 0, without its sign, without its fraction, its half, and then from the half ever closer to the number. */
function* smallerNumbers(value: number): Generator<number> {
  if (value === 0) return;
  yield 0;
  if (value < 0) yield -value;
  const whole = Math.trunc(value);
  if (whole !== value) yield whole;
  const half = Math.trunc(whole / 2);
  if (half !== 0) yield half;
  // Of a large number a little is nothing: taking it away would make it smaller for ever.
  for (let less = whole - half; less !== 0 && whole - less !== whole; less = Math.trunc(less / 2)) {
    if (whole !== less) yield whole - less;
  }
}

function* smallerTexts(text: string): Generator<string> {
  for (let length = text.length; length >= 1; length = Math.floor(length / 2)) {
    for (let from = 0; from < text.length; from += length) yield text.slice(0, from) + text.slice(from + length);
  }
}
