/**
 * The check at the end of a start (X001-8): what was discovered is exactly what is registered or refused, and everything
 * registered stands where a start may leave it. A violation is a bug of ours, never a plugin's.
 */
import type { LifecycleState } from '@bulkhead/protocol';

/** What a start found and made of it; places are absolute folders. */
export type StartupRecord = {
  readonly discovered: readonly string[];
  readonly registered: readonly {
    readonly name: string;
    readonly place: string | undefined;
    readonly state: LifecycleState;
  }[];
  readonly refused: readonly { readonly path: string }[];
};

/** States in which a plugin may be once the server says that it is ready (DESIGN 3). */
const SETTLED: readonly LifecycleState[] = ['INITIALIZED', 'RUNNING', 'FAILED', 'UNAVAILABLE'];

/**
 * Returns what is wrong, each a sentence that starts with INVARIANT VIOLATED; none where all is well.
 *
 * Plugins without a place, and those of places that were not discovered (uploads, earlier starts), are judged by state only.
 *
 * @param options - `strict` throws instead, so that a start in CI ends.
 */
export function auditStartup(start: StartupRecord, options: { readonly strict: boolean }): readonly string[] {
  const violations = [...unaccounted(start), ...countedTwice(start), ...unsettled(start)];
  const sentences = violations.map((violation) => `INVARIANT VIOLATED: ${violation}`);
  if (options.strict && sentences.length > 0) throw new Error(sentences.join('\n'));
  return sentences;
}

function unaccounted({ discovered, registered, refused }: StartupRecord): readonly string[] {
  const known = new Set([...registered.map(({ place }) => place), ...refused.map(({ path }) => path)]);
  return discovered
    .filter((place) => !known.has(place))
    .map((place) => `${place} was discovered, but is neither registered nor refused`);
}

function countedTwice({ registered, refused }: StartupRecord): readonly string[] {
  const refusals = new Set(refused.map(({ path }) => path));
  const both = registered.filter(({ place }) => place !== undefined && refusals.has(place));
  return both.map(({ name, place }) => `${name} of ${place ?? ''} is both registered and refused`);
}

function unsettled({ registered }: StartupRecord): readonly string[] {
  const early = registered.filter(({ state }) => !SETTLED.includes(state));
  return early.map(({ name, state }) => `${name} is ${state} after the start; expected ${SETTLED.join(', ')}`);
}
