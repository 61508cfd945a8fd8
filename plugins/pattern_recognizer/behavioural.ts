/**
 * Behavioural patterns (X004-8): sequences of at least three events of one source that come again.
 *
 *   1. The events of each source are put in order: of time where all of them have one, else as they came.
 *   2. Every run of 3 to 10 events is a candidate, at every place: at most 8 candidates a record.
 *   3. Candidates that come again are taken from the one that covers most records on. Each claims its records, so that what
 *      only is a part or a rotation of another finds none left.
 *
 * O(n log n) for n records, with 80 numbers a record held at most.
 */
import { createPattern, groupBy, momentOf, weigh, type Pattern, type SeenRecord } from './pattern.ts';

const LENGTH_MIN = 3;
const LENGTH_MAX = 10;
const TIMES_MIN = 2;

/** Finds the sequences that repeat; a record without an event is passed over. */
export function findBehavioural(records: readonly SeenRecord[]): readonly Pattern[] {
  const named = records.filter(({ event }) => event !== undefined);
  const bySource = groupBy(named, ({ source }) => source ?? '');
  return [...bySource].flatMap(([source, group]) => findRepeats(source, inOrder(group)));
}

function inOrder(records: readonly SeenRecord[]): readonly SeenRecord[] {
  const moments = new Map(records.map((record) => [record, momentOf(record)]));
  if ([...moments.values()].includes(undefined)) return records;
  return records.toSorted((a, b) => (moments.get(a) ?? 0) - (moments.get(b) ?? 0));
}

type Candidate = { readonly length: number; readonly starts: readonly number[] };

function findRepeats(source: string, records: readonly SeenRecord[]): readonly Pattern[] {
  const claimed = records.map(() => false);
  const candidates = candidatesOf(eventNumbers(records));
  return candidates.flatMap(({ length, starts }) => {
    const taken = claim(claimed, length, starts);
    return taken.length < TIMES_MIN ? [] : [patternOf(source, records, { length, starts: taken })];
  });
}

function eventNumbers(records: readonly SeenRecord[]): readonly number[] {
  const numbers = new Map<string, number>();
  return records.map(({ event = '' }) => {
    const number = numbers.get(event) ?? numbers.size;
    numbers.set(event, number);
    return number;
  });
}

/** Those that come again without overlapping themselves, the one that covers most first, of those the shortest. */
function candidatesOf(events: readonly number[]): readonly Candidate[] {
  const found: Candidate[] = [];
  for (let length = LENGTH_MIN; length <= LENGTH_MAX; length += 1) found.push(...repeatsOfLength(events, length));
  const covered = ({ length, starts }: Candidate): number => length * starts.length;
  return found.toSorted((a, b) => covered(b) - covered(a) || a.length - b.length);
}

function repeatsOfLength(events: readonly number[], length: number): readonly Candidate[] {
  const startsOf = new Map<string, number[]>();
  for (let start = 0; start + length <= events.length; start += 1) {
    const key = events.slice(start, start + length).join();
    const starts = startsOf.get(key) ?? [];
    startsOf.set(key, starts);
    if (start >= (starts.at(-1) ?? -length) + length) starts.push(start);
  }
  return [...startsOf.values()].filter((starts) => starts.length >= TIMES_MIN).map((starts) => ({ length, starts }));
}

/** Claims the places that are free, where there are enough of them; answers which. */
function claim(claimed: boolean[], length: number, starts: readonly number[]): readonly number[] {
  const free = starts.filter((start) => !claimed.slice(start, start + length).includes(true));
  if (free.length >= TIMES_MIN) for (const start of free) claimed.fill(true, start, start + length);
  return free;
}

function patternOf(source: string, records: readonly SeenRecord[], { length, starts }: Candidate): Pattern {
  const [first = 0] = starts;
  const sequence = records.slice(first, first + length).map(({ event = '' }) => event);
  const bearing = starts.flatMap((start) => records.slice(start, start + length));
  const sure = bearing.reduce((sum, { confidence = 1 }) => sum + confidence, 0) / bearing.length;
  const whose = source === '' ? '' : ` of ${source}`;
  return createPattern([source, sequence], {
    kind: 'behavioural',
    description: `${sequence.join(', ')}${whose}, ${starts.length} times`,
    confidence: weigh(bearing.length, sure),
    occurrences: starts.length,
    details: { sequence, source: source === '' ? null : source },
  });
}
