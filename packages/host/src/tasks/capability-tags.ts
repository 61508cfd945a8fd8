/**
 * The vocabulary of capability tags: what a task may require, a handler provide and a worker have (X000-7). Words beyond it are allowed
 * where they are well formed, for a plugin may bring its own; what they mean is said in its README.
 */
import { LIMITS } from '@bulkhead/protocol';

/**
 * The declared tags with their meanings. What runs a program implies `cpu`, so a worker that has one of these has that, too.
 *
 * @public
 */
export const CAPABILITY_TAGS = {
  cpu: { meaning: 'computes on the processor; every worker has it unless it says otherwise', implies: [] },
  llm: { meaning: 'reaches the provider of a language model, and has its key', implies: [] },
  internet: { meaning: 'reaches hosts beyond this machine', implies: [] },
  docker: { meaning: 'has a Docker daemon that runs containers', implies: [] },
  gpu: { meaning: 'has a graphics processor', implies: [] },
  cuda11: { meaning: 'has a graphics processor with CUDA 11', implies: ['gpu'] },
  cuda12: { meaning: 'has a graphics processor with CUDA 12', implies: ['gpu'] },
  node: { meaning: 'runs JavaScript and TypeScript with Node', implies: ['cpu'] },
  python: { meaning: 'runs Python 3', implies: ['cpu'] },
  pandas: { meaning: 'runs Python 3 with pandas', implies: ['python', 'cpu'] },
  rust: { meaning: 'compiles and runs Rust', implies: ['cpu'] },
  gcc13: { meaning: 'compiles C and C++ with GCC 13', implies: ['cpu'] },
} as const satisfies Record<string, { readonly meaning: string; readonly implies: readonly string[] }>;

/**
 * A tag: lower-case kebab or snake, at most 64 characters, no white space (X000-7).
 *
 * @public
 */
export const CAPABILITY_TAG_PATTERN = '^[a-z0-9]+(?:[-_][a-z0-9]+)*$';

const TAG = new RegExp(CAPABILITY_TAG_PATTERN, 'u');
const IMPLIED: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(CAPABILITY_TAGS).map(([tag, { implies }]) => [tag, implies]),
);

/**
 * Tells whether a text is a well-formed tag, declared or not.
 *
 * @public
 */
export function isCapabilityTag(text: string): boolean {
  return text.length <= LIMITS.task_tag_characters.value && TAG.test(text);
}

/**
 * Returns the tags with all that they imply, sorted, each once: what a worker that says `docker,pandas` has.
 *
 * @public
 */
export function withImpliedTags(tags: Iterable<string>): readonly string[] {
  const all = new Set<string>();
  for (const tag of tags) for (const one of [tag, ...(IMPLIED.get(tag) ?? [])]) all.add(one);
  return [...all].toSorted();
}

/**
 * Returns the one way to write a set of tags, by which lines are kept: sorted, joined by `+`, which no tag holds; empty for none.
 *
 * @public
 */
export function requiresKey(tags: readonly string[]): string {
  return tags.length < 2 ? (tags[0] ?? '') : tags.toSorted().join('+');
}

/**
 * Returns those of the tags that a set does not have, sorted; none where it can do the work.
 *
 * @public
 */
export function missingTags(tags: Iterable<string>, having: ReadonlySet<string>): readonly string[] {
  return [...new Set(tags)].filter((tag) => !having.has(tag)).toSorted();
}
