/**
 * What the recognizer keeps of what it found, in its memory: each pattern once, the most certain of them, each for as long as the
 * configuration says from when it was last seen.
 *
 * P1: Never more than `max_patterns` once `keep` has ended.
 * P2: What is past its time is in no answer, whether it has been removed or not.
 */
import { createLock, type JsonObject, type Memory, type MemoryArtifact } from '@bulkhead/sdk';
import type { Pattern } from './pattern.ts';
import { mostCertainFirst } from './recognize.ts';
import type { Settings } from './settings.ts';

const TAG = 'pattern';
const PART = 100;

/** A pattern, and since and until when it is kept; ISO 8601. */
export type KeptPattern = Pattern & {
  readonly first_seen: string;
  readonly last_seen: string;
  readonly expires_at: string;
};

/** The patterns of one tenant. */
export type KeptPatterns = {
  readonly keep: (memory: Memory, found: readonly Pattern[], settings: Settings) => Promise<void>;
  /** Most certain first. */
  readonly list: (memory: Memory, settings: Settings) => Promise<readonly KeptPattern[]>;
};

/** Makes it; what is kept is in the plugin's memory and outlives it. */
export function createKeptPatterns(): KeptPatterns {
  // Two at once would each keep what the other has just counted out.
  const inTurn = createLock();
  return {
    keep: (memory, found, settings) => inTurn(() => replace(memory, found, settings)),
    list: async (memory, settings) => live(await readKept(memory), settings).map(({ pattern }) => pattern),
  };
}

type Kept = { readonly artifactId: string; readonly pattern: Pattern; readonly firstSeen: string; readonly at: string };

/** Stores what is new or was seen again, then removes what that replaces, what has expired, and what there is no room for. */
async function replace(memory: Memory, found: readonly Pattern[], settings: Settings): Promise<void> {
  const kept = await readKept(memory);
  const current = new Map(live(kept, settings).map((each) => [each.pattern.id, each]));
  const foundIds = new Set(found.map(({ id }) => id));
  const rest = [...current.values()].map(({ pattern }) => pattern).filter(({ id }) => !foundIds.has(id));
  const staying = [...found, ...rest].toSorted(mostCertainFirst).slice(0, settings.patternsMax);
  const stayingIds = new Set(staying.map(({ id }) => id));
  for (const pattern of found.filter(({ id }) => stayingIds.has(id))) {
    await store(memory, pattern, current.get(pattern.id)?.pattern.first_seen);
  }
  const untouched = new Set(rest.filter(({ id }) => stayingIds.has(id)).map(({ id }) => current.get(id)?.artifactId));
  for (const { artifactId } of kept) if (!untouched.has(artifactId)) await memory.remove(artifactId);
}

async function store(memory: Memory, pattern: Pattern, firstSeen: string | undefined): Promise<void> {
  const content: JsonObject = { pattern, first_seen: firstSeen ?? new Date().toISOString() };
  await memory.store(content, { tags: [TAG], source: pattern.kind, confidence: pattern.confidence });
}

/** Reads all of them, newest first. */
async function readKept(memory: Memory): Promise<readonly Kept[]> {
  const artifacts: MemoryArtifact[] = [];
  for (;;) {
    const before = artifacts.at(-1);
    const part = await memory.query('', { tags: [TAG], limit: PART, ...(before && { before }) });
    artifacts.push(...part);
    if (part.length < PART) return artifacts.map(keptOf);
  }
}

function keptOf({ id, content, timestamp }: MemoryArtifact): Kept {
  const { pattern, first_seen } = content as { readonly pattern: Pattern; readonly first_seen: string }; // As `store` wrote it.
  return { artifactId: id, pattern, firstSeen: first_seen, at: timestamp };
}

/** Those whose time has not passed (P2); of one that was stored twice, by an instance that died meanwhile, the newer. */
function live(kept: readonly Kept[], { ttlMs }: Settings): readonly { artifactId: string; pattern: KeptPattern }[] {
  const newest = new Map<string, Kept>();
  for (const each of kept) if (!newest.has(each.pattern.id)) newest.set(each.pattern.id, each);
  return [...newest.values()]
    .map(({ artifactId, pattern, firstSeen, at }) => {
      const expires_at = new Date(Date.parse(at) + ttlMs).toISOString();
      return { artifactId, pattern: { ...pattern, first_seen: firstSeen, last_seen: at, expires_at } };
    })
    .filter(({ pattern }) => Date.parse(pattern.expires_at) > Date.now())
    .toSorted((a, b) => mostCertainFirst(a.pattern, b.pattern));
}
