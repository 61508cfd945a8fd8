/**
 * Ways to make a failing case much smaller in few runs. Each goes through the case once and keeps whatever still fails, where a
 * plain descent begins anew after every step; some change two places at once, which a descent never does.
 *
 * All of them go round until none finds anything. Every change makes the case smaller (fewer parts, or lower numbers, or fewer
 * signs), so that they end.
 */
import type { JsonValue } from '@bulkhead/protocol';
import { isList, type JsonArgs } from './json.ts';

/**
 * The case as it becomes smaller. `attempt` keeps other arguments where they are allowed and fail, and answers whether; once
 * `isSpent`, it keeps none.
 */
export type Shrinking = {
  readonly args: () => JsonArgs;
  readonly attempt: (args: JsonArgs) => Promise<boolean>;
  readonly isSpent: () => boolean;
};

type Path = readonly (number | string)[];
type Placed = { readonly path: Path; readonly value: JsonValue };

/** Numbers that are lowered two at a time; of more there are too many pairs. */
const PAIRED_MAX = 8;

const PASSES: readonly ((shrinking: Shrinking) => Promise<boolean>)[] = [
  shortenParts,
  hoistParts,
  joinLists,
  takeOutPlaces,
  lowerNumbers,
  lowerEqualNumbers,
  lowerPairs,
  shortenTexts,
];

/** Makes the case as small as these ways can. Sums come last: before the rest is small they lead astray more often than not. */
export async function runPasses(shrinking: Shrinking): Promise<void> {
  do {
    while (await runOnce(shrinking)) if (shrinking.isSpent()) return;
  } while (await addNumbers(shrinking));
}

async function runOnce(shrinking: Shrinking): Promise<boolean> {
  let isChanged = false;
  for (const pass of PASSES) if (await pass(shrinking)) isChanged = true;
  return isChanged;
}

/** Takes parts out of lists and members out of objects, the outer ones first: halves, then less and less. */
async function shortenParts(shrinking: Shrinking): Promise<boolean> {
  return eachPlace(shrinking, async ({ path, value }) => {
    if (typeof value !== 'object' || value === null) return false;
    let isChanged = false;
    for (let size = partCount(value); size >= 1; size = Math.floor(size / 2)) {
      if (await takeOut(shrinking, path, size)) isChanged = true;
    }
    return isChanged;
  });
}

async function takeOut(shrinking: Shrinking, path: Path, size: number): Promise<boolean> {
  let isChanged = false;
  for (let at = 0; !shrinking.isSpent();) {
    const value = valueAt(shrinking.args(), path);
    if (value === undefined || at >= partCount(value)) break;
    if (await put(shrinking, path, withoutParts(value, at, size))) isChanged = true;
    else at += size;
  }
  return isChanged;
}

/** Puts a list or object in the place of one that holds it. */
async function hoistParts(shrinking: Shrinking): Promise<boolean> {
  return eachPlace(shrinking, async ({ path, value }) => {
    for (const part of partsOf(value)) {
      if (isSameSort(part, value) && (await put(shrinking, path, part))) return true;
    }
    return false;
  });
}

/** Makes one list of two neighbours. */
async function joinLists(shrinking: Shrinking): Promise<boolean> {
  return joinNeighbours(shrinking, (one, other) => (isList(one) && isList(other) ? [...one, ...other] : undefined));
}

/** Makes one number of two neighbours, their sum. */
async function addNumbers(shrinking: Shrinking): Promise<boolean> {
  return joinNeighbours(shrinking, (one, other) =>
    typeof one === 'number' && typeof other === 'number' ? one + other : undefined,
  );
}

async function joinNeighbours(
  shrinking: Shrinking,
  join: (one: JsonValue, other: JsonValue) => JsonValue | undefined,
): Promise<boolean> {
  return eachPlace(shrinking, ({ path }) =>
    eachItem(shrinking, path, (list, at) => {
      const [one, other] = [list[at], list[at + 1]];
      const joined = one === undefined || other === undefined ? undefined : join(one, other);
      return joined === undefined ? undefined : list.toSpliced(at, 2, joined);
    }),
  );
}

/** Takes an item out of a list whose numbers are places in it: those behind it move up by one. */
async function takeOutPlaces(shrinking: Shrinking): Promise<boolean> {
  return eachPlace(shrinking, ({ path }) =>
    eachItem(shrinking, path, (list, at) => {
      const places = list.filter((item) => typeof item === 'number');
      if (places.length < list.length || !places.some((place) => place > at && place < list.length)) return undefined;
      return places.toSpliced(at, 1).map((place) => (place > at ? place - 1 : place));
    }),
  );
}

/** Changes a list at each of its items; where that fails the next one is looked at, and the same place again where not. */
async function eachItem(
  shrinking: Shrinking,
  path: Path,
  changed: (list: readonly JsonValue[], at: number) => JsonValue | undefined,
): Promise<boolean> {
  let isChanged = false;
  for (let at = 0; !shrinking.isSpent();) {
    const list = valueAt(shrinking.args(), path);
    if (list === undefined || !isList(list) || at >= list.length) break;
    const next = changed(list, at);
    if (next !== undefined && (await put(shrinking, path, next))) isChanged = true;
    else at += 1;
  }
  return isChanged;
}

/** Brings each number as near to 0 as it goes. */
async function lowerNumbers(shrinking: Shrinking): Promise<boolean> {
  return eachPlace(shrinking, ({ path, value }) =>
    typeof value === 'number' ? lowerTogether(shrinking, [{ path, value }]) : Promise.resolve(false),
  );
}

/** Numbers that are equal may have to stay so: all of one value at once. */
async function lowerEqualNumbers(shrinking: Shrinking): Promise<boolean> {
  let isChanged = false;
  const values = new Set(numbersOf(shrinking.args()).map(({ value }) => value));
  for (const value of values) {
    const equal = numbersOf(shrinking.args()).filter((one) => one.value === value);
    if (equal.length > 1 && (await lowerTogether(shrinking, equal))) isChanged = true;
  }
  return isChanged;
}

/** Numbers whose difference must stay: two at once by the same amount. */
async function lowerPairs(shrinking: Shrinking): Promise<boolean> {
  let isChanged = false;
  const count = numbersOf(shrinking.args()).length;
  if (count > PAIRED_MAX) return false;
  for (let first = 0; first < count; first += 1) {
    for (let second = first + 1; second < count; second += 1) {
      if (await lowerPair(shrinking, first, second)) isChanged = true;
    }
  }
  return isChanged;
}

async function lowerPair(shrinking: Shrinking, first: number, second: number): Promise<boolean> {
  const numbers = numbersOf(shrinking.args());
  const [one, other] = [numbers[first], numbers[second]];
  if (one === undefined || other === undefined || one.value === 0 || other.value === 0) return false;
  // Where their signs differ, one goes up as the other goes down.
  const most = Math.min(Math.abs(one.value), Math.abs(other.value));
  const lowered = (by: number): JsonArgs =>
    [one, other].reduce(
      (args, { path, value }) => withValue(args, path, value - Math.sign(value) * by),
      shrinking.args(),
    );
  return farthest(shrinking, Math.floor(most), lowered);
}

/** Takes characters out of texts: halves, then less and less. */
async function shortenTexts(shrinking: Shrinking): Promise<boolean> {
  return eachPlace(shrinking, async ({ path, value }) => {
    if (typeof value !== 'string') return false;
    let isChanged = false;
    for (let size = value.length; size >= 1; size = Math.floor(size / 2)) {
      if (await takeOut(shrinking, path, size)) isChanged = true;
    }
    return isChanged;
  });
}

/** Numbers of one value: 0, without the sign, without the fraction, then ever nearer to 0 from both sides. */
async function lowerTogether(shrinking: Shrinking, places: readonly Placed[]): Promise<boolean> {
  const value = Number(places[0]?.value);
  const set = (next: number): JsonArgs =>
    places.reduce((args, { path }) => withValue(args, path, next), shrinking.args());
  if (value === 0) return false;
  if (await shrinking.attempt(set(0))) return true;
  let reached = value;
  let isChanged = false;
  for (const plainer of [Math.abs, Math.trunc]) {
    const next = plainer(reached);
    if (next === reached || next === 0 || !(await shrinking.attempt(set(next)))) continue;
    reached = next;
    isChanged = true;
  }
  for (;;) {
    const from = reached;
    // A fraction that has to stay stays with whatever whole number is left.
    const isNearer = await farthest(shrinking, Math.floor(Math.abs(from)), (by) => {
      return set(from - Math.sign(from) * by);
    });
    if (isNearer) reached = Number(valueAt(shrinking.args(), places[0]?.path ?? []));
    const across = -Math.sign(reached) * (Math.abs(reached) - 1);
    if (Math.abs(reached) <= 1 || across === 0 || !(await shrinking.attempt(set(across)))) return isChanged || isNearer;
    reached = across;
    isChanged = true;
  }
}

/**
 * The largest amount from 1 to `most` that still fails, by halves: right where all below it fail, too, and near otherwise. Not all
 * of `most`, which is asked first.
 */
async function farthest(shrinking: Shrinking, most: number, made: (by: number) => JsonArgs): Promise<boolean> {
  if (most < 1 || shrinking.isSpent()) return false;
  const start = shrinking.args();
  if (await shrinking.attempt(made(most))) return true;
  let [low, high] = [0, most];
  while (high - low > 1 && !shrinking.isSpent()) {
    const middle = low + Math.floor((high - low) / 2);
    // Above 2^53 there is nothing in the middle.
    if (middle === low || middle === high) break;
    if (await shrinking.attempt(made(middle))) low = middle;
    else high = middle;
  }
  return shrinking.args() !== start;
}

/** Asks about every place once, outer ones first; places are looked up anew, as the case changes meanwhile. */
async function eachPlace(shrinking: Shrinking, change: (placed: Placed) => Promise<boolean>): Promise<boolean> {
  let isChanged = false;
  for (let at = 0; !shrinking.isSpent(); at += 1) {
    const placed = placesOf(shrinking.args())[at];
    if (placed === undefined) break;
    if (await change(placed)) isChanged = true;
  }
  return isChanged;
}

async function put(shrinking: Shrinking, path: Path, value: JsonValue): Promise<boolean> {
  return shrinking.attempt(withValue(shrinking.args(), path, value));
}

/** Every value in the arguments, those that hold others first; the list of arguments is none of them. */
function placesOf(args: JsonArgs): readonly Placed[] {
  return args.flatMap((value, index) => placesIn({ path: [index], value }));
}

function placesIn(placed: Placed): readonly Placed[] {
  const { path, value } = placed;
  if (typeof value !== 'object' || value === null) return [placed];
  const parts: readonly (readonly [number | string, JsonValue])[] = isList(value)
    ? [...value.entries()]
    : Object.entries(value);
  return [placed, ...parts.flatMap(([key, part]) => placesIn({ path: [...path, key], value: part }))];
}

function numbersOf(args: JsonArgs): readonly (Placed & { readonly value: number })[] {
  return placesOf(args).flatMap(({ path, value }) => (typeof value === 'number' ? [{ path, value }] : []));
}

function partsOf(value: JsonValue): readonly JsonValue[] {
  if (typeof value !== 'object' || value === null) return [];
  return isList(value) ? value : Object.values(value);
}

function partCount(value: JsonValue): number {
  return typeof value === 'string' ? value.length : partsOf(value).length;
}

function withoutParts(value: JsonValue, at: number, size: number): JsonValue {
  if (typeof value === 'string') return value.slice(0, at) + value.slice(at + size);
  if (typeof value !== 'object' || value === null) return value;
  return isList(value) ? value.toSpliced(at, size) : Object.fromEntries(Object.entries(value).toSpliced(at, size));
}

function isSameSort(one: JsonValue, other: JsonValue): boolean {
  return (
    typeof one === 'object' &&
    one !== null &&
    typeof other === 'object' &&
    other !== null &&
    isList(one) === isList(other)
  );
}

function valueAt(value: JsonValue, path: Path): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = isList(current) ? current[Number(key)] : current[key];
  }
  return current;
}

/** The arguments with another value in one place. */
function withValue(args: JsonArgs, path: Path, value: JsonValue): JsonArgs {
  return replacedIn(args, path, value) as JsonArgs; // The path goes into the list of arguments.
}

function replacedIn(holder: JsonValue, [key, ...rest]: Path, value: JsonValue): JsonValue {
  if (key === undefined) return value;
  if (typeof holder !== 'object' || holder === null) return holder;
  if (isList(holder)) return holder.map((part, index) => (index === key ? replacedIn(part, rest, value) : part));
  return Object.fromEntries(
    Object.entries(holder).map(([name, part]) => [name, name === key ? replacedIn(part, rest, value) : part]),
  );
}
