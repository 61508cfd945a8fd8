/**
 * The cases that both implementations are run on. The same task and seed give the same cases, and with arbitraries case i does
 * not depend on how many there are, so that one case can be made again by its index alone.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import { Random as FastCheckRandom, type Value } from 'fast-check';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { GuardError } from '../guard-error.ts';
import { frozenCopy, nonJsonPlace, type JsonArgs } from './json.ts';
import type { CaseSource, Task } from './task.ts';

/**
 * One case: `index` from 0, `id` of index and arguments such as `case-3-1f0c55e2`, frozen arguments, and the cluster that the
 * statistics count it to, its id where the task names none.
 *
 * @public
 */
export type Case<Args extends JsonArgs = JsonArgs> = {
  readonly index: number;
  readonly id: string;
  readonly args: Args;
  readonly cluster: string;
};

/**
 * How many, a whole number from 1 to 1,000,000, and of which seed, a finite number.
 *
 * @public
 */
export type CaseOptions = { readonly n: number; readonly seed: number };

/** More cases than this are a slip of the keyboard; they are held in memory. */
const CASES_MAX = 1_000_000;
const ID_DIGITS = 8;

/**
 * Makes the cases of a task.
 *
 * @throws {GuardError} `CASES_INVALID` where n or seed is wrong, the task gives fewer than n, or arguments that are no JSON, with
 * the place; `TASK_FAULT` where the task's own code throws.
 * @public
 */
export function generateCases<Args extends JsonArgs>(task: Task<Args>, options: CaseOptions): readonly Case<Args>[] {
  assertOptions(options);
  return argsOf(task, options).map((args, index) => caseOf(task, args, { index, origin: `case ${index}` }));
}

/**
 * Makes cases of given arguments, in their order.
 *
 * @param records - Each the list of a case's arguments.
 * @throws {GuardError} as {@link generateCases}.
 * @public
 */
export function casesFromRecords(task: Task, records: readonly JsonValue[]): readonly Case[] {
  return records.map((record, index) => caseOf(task, record, { index, origin: `record ${index + 1}` }));
}

/**
 * Makes cases of JSON lines, each the list of a case's arguments; blank lines are passed over.
 *
 * @throws {GuardError} `CASES_INVALID` naming every line that is no list of JSON, counted from 1.
 * @public
 */
export function casesFromJsonLines(task: Task, text: string): readonly Case[] {
  const lines = text.split(/\r?\n/u).map((line, index) => ({ line, number: index + 1 }));
  const parsed = lines
    .filter(({ line }) => line.trim() !== '')
    .map((entry) => ({ ...entry, args: parseArgs(entry.line) }));
  const bad = parsed.filter(({ args }) => args === undefined).map(({ number }) => number);
  if (bad.length > 0) {
    throw new GuardError('CASES_INVALID', `line ${bad.join(', ')}: expected one JSON list of arguments on each line`);
  }
  return parsed.map(({ args, number }, index) => caseOf(task, args, { index, origin: `line ${number}` }));
}

/**
 * Makes the value of one case again, with what fast-check remembers of how it was made, which is what it shrinks by.
 *
 * @throws {GuardError} `TASK_FAULT` where the arbitrary throws.
 */
export function arbitraryValue<Args extends JsonArgs>(
  { arbitrary }: CaseSource<Args> & { readonly kind: 'arbitrary' },
  { seed, index }: { readonly seed: number; readonly index: number },
): Value<Args> {
  const generator = new FastCheckRandom(xoroshiro128plusFromState(caseState(seed, index)));
  return asTaskCode('its arbitrary', () => arbitrary.generate(generator, biasOf(index)));
}

/**
 * A case with other arguments and its own index and cluster, so that relations draw for it what they drew before.
 *
 * @throws {GuardError} `CASES_INVALID` where they are no JSON.
 */
export function withArgs(one: Case, args: JsonArgs): Case {
  return { ...one, args: frozenCopy(checkedArgs(args, one.id)) };
}

function argsOf<Args extends JsonArgs>({ name, source }: Task<Args>, { n, seed }: CaseOptions): readonly Args[] {
  if (source.kind === 'arbitrary') {
    return Array.from({ length: n }, (_, index) => arbitraryValue(source, { seed, index }).value);
  }
  const call = `generate(${n}, ${seed})`;
  const given: unknown = asTaskCode(call, () => source.generate(n, seed));
  if (!isIterable<Args>(given)) {
    const found = given === null ? 'null' : `a value of type ${typeof given}`;
    throw new GuardError('CASES_INVALID', `${call} of task "${name}" gives ${found}; expected a list of arguments`);
  }
  const made = asTaskCode(call, () => Iterator.from(given).take(n).toArray());
  if (made.length === n) return made;
  throw new GuardError('CASES_INVALID', `task "${name}" generates ${made.length} cases; expected at least ${n}`);
}

/** Of what it holds, each is looked at as a case. */
function isIterable<Item>(value: unknown): value is Iterable<Item> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function caseOf<Args extends JsonArgs>(
  task: Task<Args>,
  given: unknown,
  { index, origin }: { readonly index: number; readonly origin: string },
): Case<Args> {
  const args = frozenCopy(checkedArgs(given, origin)) as Args; // The author's type; what matters is that it is JSON.
  const digest = createHash('sha256').update(canonicalJson(args)).digest('hex').slice(0, ID_DIGITS);
  const id = `case-${index}-${digest}`;
  return { index, id, args, cluster: clusterOf(task, args, id) };
}

function clusterOf<Args extends JsonArgs>(task: Task<Args>, args: Args, id: string): string {
  const key: unknown = asTaskCode(`clusterKey for ${id}`, () => task.clusterKey(...args));
  if (key === undefined || typeof key === 'string') return key ?? id;
  throw new GuardError('TASK_FAULT', `clusterKey for ${id} of the task answered a ${typeof key}; expected a text`);
}

function checkedArgs(given: unknown, origin: string): JsonArgs {
  if (!Array.isArray(given))
    throw new GuardError('CASES_INVALID', `${origin} is no list; expected the list of arguments`);
  const place = nonJsonPlace(given, 'args');
  if (place === undefined) return given as JsonArgs; // Every part has just been looked at.
  throw new GuardError(
    'CASES_INVALID',
    `${origin}: ${place}; expected JSON, which has no NaN, Infinity, undefined or Date (fc.double takes noNaN and noDefaultInfinity)`,
  );
}

function parseArgs(line: string): JsonArgs | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return Array.isArray(parsed) ? (parsed as JsonArgs) : undefined; // JSON.parse makes JSON.
  } catch {
    return undefined; // The caller names the line.
  }
}

/** 128 bits of a hash, as four words. */
function caseState(seed: number, index: number): readonly number[] {
  const digest = createHash('sha256')
    .update(JSON.stringify(['case', seed, index]))
    .digest();
  return [0, 4, 8, 12].map((offset) => digest.readInt32LE(offset));
}

/** Small and special values come less often as the index grows, as fast-check has it for its own runs. */
function biasOf(index: number): number {
  return 2 + Math.floor(Math.log10(index + 1));
}

function asTaskCode<T>(what: string, compute: () => T): T {
  try {
    return compute();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new GuardError('TASK_FAULT', `${what} of the task threw: ${message}`, { cause });
  }
}

function assertOptions({ n, seed }: CaseOptions): void {
  if (!Number.isSafeInteger(n) || n < 1 || n > CASES_MAX) {
    throw new GuardError('CASES_INVALID', `n is ${n}; expected a whole number from 1 to ${CASES_MAX}`);
  }
  if (!Number.isFinite(seed)) throw new GuardError('CASES_INVALID', `seed is ${seed}; expected a finite number`);
}
