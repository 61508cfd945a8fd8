/**
 * A reference: a cache that forgets what was least recently used, and its task: `solve(capacity, operations)` answers what each
 * `get` found, null where it found nothing.
 */
import fc from 'fast-check';
import { defineTask } from '../../task/define-task.ts';
import { isList } from '../../task/json.ts';
import type { Relation } from '../../task/relations.ts';
import type { Task } from '../../task/task.ts';
import type { Reference } from './reference.ts';

type Operation = readonly ['get', string] | readonly ['put', string, number];
type LruArgs = [capacity: number, operations: readonly Operation[]];
type Found = readonly (number | null)[];

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const OPERATION: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(fc.constant('get' as const), fc.constantFrom(...KEYS)),
  fc.tuple(fc.constant('put' as const), fc.constantFrom(...KEYS), fc.nat(9)),
);

const LRU: Task<LruArgs, Found> = defineTask<LruArgs, Found>({
  name: 'lru',
  arbitraries: [fc.nat(4), fc.array(OPERATION, { maxLength: 40, size: 'max' })],
  isResult: (value): value is Found =>
    isList(value) && value.every((found) => found === null || typeof found === 'number'),
  properties: [
    {
      name: 'one_answer_for_each_get',
      check: (out, _capacity, operations) => out.length === operations.filter(([kind]) => kind === 'get').length,
    },
    {
      name: 'least_recent_is_forgotten',
      description: 'a key is found exactly where fewer others than the capacity were used since it was',
      check: (out, capacity, operations) => isRemembered(out, { capacity, operations }),
    },
  ],
  relations: [renamed(), getTwice()],
});

/**
 * By definition, and with no cache: the last use of a key and how many others were used since.
 */
function isRemembered(
  out: Found,
  { capacity, operations }: { readonly capacity: number; readonly operations: readonly Operation[] },
): boolean {
  const gets = [...operations.entries()].filter(([, [kind]]) => kind === 'get');
  return gets.every(([at], order) => out[order] === valueAt({ capacity, operations }, at));
}

function valueAt(
  { capacity, operations }: { readonly capacity: number; readonly operations: readonly Operation[] },
  at: number,
): number | null {
  const key = operations[at]?.[1] ?? '';
  const recent: string[] = []; // What is remembered, the last used at its end.
  let value: number | null = null;
  for (const operation of operations.slice(0, at)) {
    const [kind, used] = operation;
    if (kind === 'get' && !recent.includes(used)) continue;
    if (recent.includes(used)) recent.splice(recent.indexOf(used), 1);
    recent.push(used);
    if (recent.length > capacity) recent.shift();
    if (operation[0] === 'put' && used === key) [, , value] = operation;
  }
  return recent.includes(key) ? value : null;
}

/** Other names for the keys change nothing. */
function renamed(): Relation<LruArgs, Found> {
  return {
    name: 'renamed',
    category: 'renaming',
    description: 'other names for the keys change nothing',
    expect: 'equal',
    transform: ([capacity, operations]) => [
      capacity,
      operations.map((operation) =>
        operation[0] === 'get' ? ['get', `key ${operation[1]}`] : ['put', `key ${operation[1]}`, operation[2]],
      ),
    ],
  };
}

/** Whoever asks twice in a row is told the same twice. */
function getTwice(): Relation<LruArgs, Found> {
  return {
    name: 'get_twice',
    category: 'idempotence',
    description: 'whoever asks twice in a row is told the same twice',
    transform: ([capacity, operations]) => [
      capacity,
      operations.flatMap((operation): readonly Operation[] =>
        operation[0] === 'get' ? [operation, operation] : [operation],
      ),
    ],
    relate: (source, [out], { equivalent }) =>
      equivalent(
        source.flatMap((found) => [found, found]),
        out ?? [],
      ),
  };
}

const TYPES = `type Operation = ['get', string] | ['put', string, number];
`;

/** `lru`: a map, whose keys stand in the order of their last use. */
export const LRU_REFERENCE: Reference = {
  name: 'lru',
  task: LRU,
  source: `type Operation = ['get', string] | ['put', string, number];

// The entries of a list in the order of their last use, the most recent at the end.
export function solve(capacity: number, operations: Operation[]): (number | null)[] {
  const entries: { key: string; value: number }[] = [];
  const found: (number | null)[] = [];
  for (const operation of operations) {
    const key = operation[1];
    const at = placeOf(entries, key);
    if (operation[0] === 'get') {
      found.push(at < 0 ? null : entries[at].value);
      if (at >= 0) touch(entries, at);
    } else {
      if (at >= 0) entries.splice(at, 1);
      entries.push({ key, value: operation[2] });
      if (entries.length > capacity) entries.shift();
    }
  }
  return found;
}

function touch(entries: { key: string; value: number }[], at: number): void {
  const entry = entries[at];
  for (let from = at; from < entries.length - 1; from += 1) {
    entries[from] = entries[from + 1];
  }
  entries[entries.length - 1] = entry;
}

function placeOf(entries: { key: string; value: number }[], key: string): number {
  for (let at = 0; at < entries.length; at += 1) {
    if (entries[at].key === key) return at;
  }
  return -1;
}
`,
  refactors: [
    {
      name: 'a map in the order of use',
      source: `${TYPES}
export function solve(capacity: number, operations: Operation[]): (number | null)[] {
  const cache = new Map<string, number>();
  const found: (number | null)[] = [];
  for (const [kind, key, value] of operations) {
    const known = cache.get(key);
    if (kind === 'get') found.push(known ?? null);
    if (kind === 'get' && known === undefined) continue;
    cache.delete(key);
    cache.set(key, kind === 'put' ? (value as number) : (known as number));
    if (cache.size > capacity) cache.delete(cache.keys().next().value as string);
  }
  return found;
}
`,
    },
    {
      name: 'a clock for each key',
      source: `${TYPES}
export function solve(capacity: number, operations: Operation[]): (number | null)[] {
  let entries: { key: string; value: number; used: number }[] = [];
  const found: (number | null)[] = [];
  operations.forEach((operation, now) => {
    const known = entries.find(({ key }) => key === operation[1]);
    if (operation[0] === 'get') found.push(known === undefined ? null : known.value);
    if (known !== undefined) {
      known.used = now;
      if (operation[0] === 'put') known.value = operation[2];
    } else if (operation[0] === 'put') {
      entries = entries.concat({ key: operation[1], value: operation[2], used: now });
      const oldest = Math.min(...entries.map(({ used }) => used));
      if (entries.length > capacity) entries = entries.filter(({ used }) => used > oldest);
    }
  });
  return found;
}
`,
    },
    {
      name: 'the most recent in front',
      source: `${TYPES}
export function solve(capacity: number, operations: Operation[]): (number | null)[] {
  let keys: string[] = [];
  const values: Record<string, number> = {};
  return operations.flatMap((operation) => {
    const [kind, key] = operation;
    const isKnown = keys.includes(key);
    const answer = kind === 'get' ? [isKnown ? values[key] : null] : [];
    if (operation[0] === 'put') values[key] = operation[2];
    if (isKnown || kind === 'put') keys = [key, ...keys.filter((other) => other !== key)].slice(0, capacity);
    return answer;
  });
}
`,
    },
    {
      name: 'a class',
      source: `${TYPES}
class Cache {
  private readonly order: [string, number][] = [];
  private readonly capacity: number;
  constructor(capacity: number) {
    this.capacity = capacity;
  }
  get(key: string): number | null {
    const entry = this.take(key);
    if (entry === undefined) return null;
    this.order.push(entry);
    return entry[1];
  }
  put(key: string, value: number): void {
    this.take(key);
    this.order.push([key, value]);
    while (this.order.length > this.capacity) this.order.shift();
  }
  private take(key: string): [string, number] | undefined {
    const at = this.order.findIndex(([known]) => known === key);
    return at === -1 ? undefined : this.order.splice(at, 1)[0];
  }
}
export function solve(capacity: number, operations: Operation[]): (number | null)[] {
  const cache = new Cache(capacity);
  const found: (number | null)[] = [];
  for (const operation of operations) {
    if (operation[0] === 'put') cache.put(operation[1], operation[2]);
    else found.push(cache.get(operation[1]));
  }
  return found;
}
`,
    },
    {
      name: 'a reduction over states that nobody changes',
      source: `${TYPES}
type State = { entries: [string, number][]; found: (number | null)[] };
export const solve = (capacity: number, operations: Operation[]): (number | null)[] =>
  operations.reduce((state: State, operation) => step(state, operation, capacity), { entries: [], found: [] }).found;
function step({ entries, found }: State, operation: Operation, capacity: number): State {
  const known = entries.filter(([key]) => key === operation[1]);
  const others = entries.filter(([key]) => key !== operation[1]);
  if (operation[0] === 'get') return { entries: [...others, ...known], found: [...found, known[0]?.[1] ?? null] };
  const next: [string, number][] = [...others, [operation[1], operation[2]]];
  return { entries: next.length > capacity ? next.slice(1) : next, found };
}
`,
    },
  ],
  equivalents: [
    {
      operator: 'swap_comparison',
      line: 'for (let from = at; from < entries.length - 1; from += 1) {',
      before: '<',
      after: '<=',
      reason: 'what is put into the last place is written over right after',
    },
    {
      operator: 'change_loop_bound',
      line: 'for (let from = at; from < entries.length - 1; from += 1) {',
      before: 'entries.length - 1',
      after: '(entries.length - 1 + 1)',
      reason: 'what is put into the last place is written over right after',
    },
    {
      operator: 'remove_one',
      line: 'for (let from = at; from < entries.length - 1; from += 1) {',
      before: 'entries.length - 1',
      after: 'entries.length',
      reason: 'what is put into the last place is written over right after',
    },
    {
      operator: 'off_by_one',
      line: 'for (let from = at; from < entries.length - 1; from += 1) {',
      before: '1',
      after: '0',
      reason: 'what is put into the last place is written over right after',
    },
    {
      operator: 'off_by_one',
      line: 'return -1;',
      before: '1',
      after: '2',
      reason: 'it is only asked whether it is below 0',
    },
  ],
};
