/**
 * What can be said of a set of artifacts, computed from the artifacts alone: the same of the same. Times are milliseconds since
 * the epoch inside, and seconds in what is said.
 */
import type { MemoryArtifact } from '@bulkhead/sdk';

/** What the analysis looks at; the content may be anything and is not looked at. */
export type Facts = Omit<MemoryArtifact, 'content'>;

/** How often a word occurs. */
export type Count = { readonly name: string; readonly count: number };

/** What is said of a set of artifacts. Every list is bounded, however many artifacts there are. */
export type Analysis = {
  readonly count: number;
  /** The ten most frequent, most frequent first. */
  readonly sources: readonly Count[];
  readonly tags: readonly Count[];
  readonly confidence: {
    readonly mean: number;
    readonly least: number;
    /** How many are in [0, 0.1), [0.1, 0.2), up to [0.9, 1]. */
    readonly tenths: readonly number[];
  };
  readonly age: {
    readonly newest_seconds: number;
    readonly median_seconds: number;
    readonly oldest_seconds: number;
    readonly within_hour: number;
    readonly within_day: number;
  };
  readonly relations: {
    readonly links: number;
    /** Links to what is not among the artifacts. */
    readonly dangling: number;
    /** Artifacts that name none of the others and are named by none. */
    readonly orphans: number;
    /** Groups of two or more that hang together by links, in whichever direction. */
    readonly clusters: number;
    readonly largest_cluster: number;
  };
};

const WORDS_MAX = 10;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Analyses artifacts at a moment. O(artifacts and their tags and links), beside sorting. */
export function analyzeArtifacts(artifacts: readonly Facts[], now: number): Analysis {
  return {
    count: artifacts.length,
    sources: mostFrequent(artifacts.map(({ source }) => source)),
    tags: mostFrequent(artifacts.flatMap(({ tags }) => tags)),
    confidence: confidenceOf(artifacts.map(({ confidence }) => confidence)),
    age: agesOf(artifacts.map(({ timestamp }) => Math.max(0, now - Date.parse(timestamp)))),
    relations: relationsOf(artifacts),
  };
}

function mostFrequent(words: readonly string[]): readonly Count[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, WORDS_MAX);
}

function confidenceOf(values: readonly number[]): Analysis['confidence'] {
  const tenths = Array.from({ length: 10 }, () => 0);
  for (const value of values) {
    const tenth = Math.min(9, Math.floor(value * 10));
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  const sum = values.reduce((total, value) => total + value, 0);
  return { mean: rounded(sum / (values.length || 1)), least: values.reduce((a, b) => Math.min(a, b), 1), tenths };
}

function agesOf(ages: readonly number[]): Analysis['age'] {
  const sorted = ages.toSorted((a, b) => a - b);
  const secondsAt = (index: number): number => Math.round((sorted[index] ?? 0) / 1_000);
  return {
    newest_seconds: secondsAt(0),
    median_seconds: secondsAt(Math.floor(sorted.length / 2)),
    oldest_seconds: secondsAt(sorted.length - 1),
    within_hour: sorted.filter((age) => age < HOUR_MS).length,
    within_day: sorted.filter((age) => age < DAY_MS).length,
  };
}

function relationsOf(artifacts: readonly Facts[]): Analysis['relations'] {
  const neighbours = new Map<string, string[]>(artifacts.map(({ id }) => [id, []]));
  let links = 0;
  let dangling = 0;
  for (const { id, related_artifacts } of artifacts) {
    for (const other of related_artifacts) {
      links += 1;
      if (!neighbours.has(other)) dangling += 1;
      else if (other !== id) {
        neighbours.get(id)?.push(other);
        neighbours.get(other)?.push(id);
      }
    }
  }
  const sizes = clusterSizes(neighbours);
  const clusters = sizes.filter((size) => size > 1);
  return {
    links,
    dangling,
    orphans: sizes.length - clusters.length,
    clusters: clusters.length,
    largest_cluster: clusters.reduce((a, b) => Math.max(a, b), 0),
  };
}

type Neighbours = ReadonlyMap<string, readonly string[]>;

/** Sizes of the groups that hang together; each artifact is visited once. */
function clusterSizes(neighbours: Neighbours): readonly number[] {
  const met = new Set<string>();
  const sizes: number[] = [];
  for (const start of neighbours.keys()) if (!met.has(start)) sizes.push(visitFrom(start, neighbours, met));
  return sizes;
}

/** Adds a group to what was met; answers how many there are in it. */
function visitFrom(start: string, neighbours: Neighbours, met: Set<string>): number {
  met.add(start);
  const group = [start];
  for (const id of group) {
    for (const next of neighbours.get(id) ?? []) {
      if (!met.has(next)) group.push(next);
      met.add(next);
    }
  }
  return group.length;
}

/** What one memory holds of what it may (X004-6), and when it will be full if it grows as it did in the last day. */
export type Growth = {
  readonly artifacts_max: number;
  readonly share: number;
  readonly added_last_day: number;
  /** Null where nothing was added in the last day. */
  readonly days_until_full: number | null;
};

const ARTIFACTS_MAX = 10_000;

/** Measures the growth of a whole memory. */
export function growthOf({ count, age }: Analysis): Growth {
  const added = age.within_day;
  return {
    artifacts_max: ARTIFACTS_MAX,
    share: rounded(count / ARTIFACTS_MAX),
    added_last_day: added,
    days_until_full: added === 0 ? null : rounded(Math.max(0, ARTIFACTS_MAX - count) / added),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
