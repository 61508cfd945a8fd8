/**
 * Turns away programs that are already known before anything is spent on them: copies by their canonical form, near copies by their
 * fingerprints. Whoever keeps proposing them is let in after a few times, marked, so that a search never stands still.
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../../evolve-error.ts';
import { choiceSetting, numberSetting, readConfig, wholeSetting } from '../config.ts';
import { createRecent } from '../../recent.ts';
import { canonicalHash, canonicalTokens } from './canonical.ts';
import { fingerprintsOf, jaccard } from './winnowing.ts';

/**
 * Why a program is not new, and the one that it is like.
 *
 * @public
 */
export type Likeness = { readonly kind: 'copy' | 'near_copy'; readonly of: string; readonly similarity: number };

/**
 * What to do with a program: evaluate it, or have another one made in its place. `likeness` marks one that is let in all the same.
 *
 * @public
 */
export type NoveltyVerdict = { readonly action: 'evaluate' | 'resample'; readonly likeness: Likeness | undefined };

/**
 * Knows the programs of a search.
 *
 * @public
 */
export interface NoveltyFilter {
  /**
   * @param resamples - How often another one was made in its place so far, from 0.
   * @throws {EvolveError} `SOURCE_INVALID` where it cannot be parsed.
   */
  readonly judge: (source: string, resamples: number) => NoveltyVerdict;
  /** Learns a program; of copies the first stays. @throws {EvolveError} `SOURCE_INVALID`. */
  readonly remember: (id: string, source: string) => void;
  /** All that is known, as plain JSON. */
  readonly state: () => JsonObject;
  /** @throws {EvolveError} `CHECKPOINT_INVALID`. */
  readonly restore: (state: JsonObject) => void;
}

const SETTINGS = {
  /** From this similarity on a program is a near copy; 1 leaves only those with the same fingerprints, and `near_max` 0 none. */
  near: numberSetting(0.95, 0.01, 1),
  /** Programs, the latest, that near copies are looked for among. */
  near_max: wholeSetting(1_000, 0, 100_000),
  resamples_max: wholeSetting(3, 0, 100),
  language: choiceSetting(['typescript', 'text']),
} as const;

/** Sources whose form is kept until they are remembered: to be read once is half of the work. */
const READ_MAX = 256;

type Known = { readonly id: string; readonly fingerprints: ReadonlySet<number> };

/**
 * Makes a filter that knows no program.
 *
 * @param config - Of the table `[novelty]`.
 * @throws {EvolveError} `SELECTOR_INVALID` where a key is not known (the message has the nearest) or a value out of its range.
 * @see EVIDENCE 2.15, novelty filter.
 * @public
 */
export function createNoveltyFilter(config?: unknown): NoveltyFilter {
  const settings = readConfig(config, SETTINGS, { what: 'the novelty filter', code: 'SELECTOR_INVALID' });
  let ids = new Map<string, string>();
  let latest: readonly Known[] = [];
  const read = createRecent(READ_MAX, (source) => formOf(canonicalTokens(source, settings.language)));
  const likenessOf = ({ hash, fingerprints }: Form): Likeness | undefined => {
    const copied = ids.get(hash);
    if (copied !== undefined) return { kind: 'copy', of: copied, similarity: 1 };
    return latest.length === 0 ? undefined : nearest(fingerprints(), latest, settings.near);
  };
  return {
    judge: (source, resamples) => {
      const likeness = likenessOf(read(source));
      const isTurnedAway = likeness !== undefined && resamples < settings.resamples_max;
      return { action: isTurnedAway ? 'resample' : 'evaluate', likeness };
    },
    remember: (id, source) => {
      const { hash, fingerprints } = read(source);
      if (ids.has(hash)) return;
      ids.set(hash, id);
      if (settings.near_max === 0) return;
      const known = { id, fingerprints: fingerprints() };
      latest = [...latest, known].slice(-settings.near_max);
    },
    state: () => ({
      ids: [...ids].map(([hash, id]) => [hash, id]),
      latest: latest.map(({ id, fingerprints }) => [id, ...fingerprints]),
    }),
    restore: (state) => {
      ids = new Map(rowsOf(state, 'ids').map(([hash, id]) => [String(hash), String(id)]));
      latest = rowsOf(state, 'latest').map(([id, ...numbers]) => ({
        id: String(id),
        fingerprints: new Set(numbers.map(Number)),
      }));
    },
  };
}

/** A source's canonical form, as far as it is compared; fingerprints are made where somebody asks for them. */
type Form = { readonly hash: string; readonly fingerprints: () => ReadonlySet<number> };

function formOf(tokens: readonly string[]): Form {
  let made: ReadonlySet<number> | undefined;
  return { hash: canonicalHash(tokens), fingerprints: () => (made ??= fingerprintsOf(tokens)) };
}

/** The most similar of those known, where it is similar enough; of equal ones the oldest. */
function nearest(fingerprints: ReadonlySet<number>, known: readonly Known[], near: number): Likeness | undefined {
  let found: Likeness | undefined;
  for (const other of known) {
    const [size, otherSize] = [fingerprints.size, other.fingerprints.size];
    if (Math.min(size, otherSize) < near * Math.max(size, otherSize)) continue; // They cannot have enough in common.
    const similarity = jaccard(fingerprints, other.fingerprints);
    if (similarity >= near && similarity > (found?.similarity ?? 0))
      found = { kind: 'near_copy', of: other.id, similarity };
  }
  return found;
}

function rowsOf(state: JsonObject, key: string): readonly (readonly (string | number)[])[] {
  const rows = isJsonObject(state) ? state[key] : undefined;
  const isCell = (cell: unknown): cell is string | number => typeof cell === 'string' || typeof cell === 'number';
  const read = Array.isArray(rows)
    ? rows.map((row) => (Array.isArray(row) && row.every((cell) => isCell(cell)) ? row : []))
    : [];
  if (Array.isArray(rows) && read.every(({ length }) => length > 1)) return read;
  const text = JSON.stringify(rows)?.slice(0, 80) ?? 'missing';
  throw new EvolveError(
    'CHECKPOINT_INVALID',
    `${key} of the novelty filter's state is ${text}; expected what state() returned`,
  );
}
