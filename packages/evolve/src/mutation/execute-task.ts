/**
 * The task that runs what a mutation made (X000-19): its payload, and the capability tags that its language needs.
 */
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { TASK_SCHEMA_VERSION, type Task } from '@bulkhead/protocol';

/**
 * What is run: the source, its entry function, the name or path of its file, and its language where the file's ending does not say it.
 *
 * @public
 */
export type Executable = {
  readonly source: string;
  readonly entryFunction: string;
  readonly file: string;
  readonly lang?: string;
};

/** A file's language, by its ending. */
const LANGUAGES: Readonly<Record<string, string>> = {
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'js',
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'ts',
  '.py': 'python',
  '.rs': 'rust',
  '.c': 'c',
  '.h': 'c',
  '.cc': 'cpp',
  '.cpp': 'cpp',
};

/** Tags that a language needs; of others, its own name is one (F000-5). */
const REQUIRES: ReadonlyMap<string, readonly string[]> = new Map([
  ['js', ['cpu', 'node']],
  ['ts', ['cpu', 'node']],
  ['python', ['cpu', 'python']],
  ['rust', ['cpu', 'docker', 'rust']],
  ['c', ['cpu', 'gcc13']],
  ['cpp', ['cpu', 'gcc13']],
]);

/** As of a capability tag (X000-7). */
const TAG = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/;
const TAG_CHARACTERS_MAX = 64;

/**
 * Makes the task. Its payload has `lang` (where it is known), `file`, `entry_fn`, `source` and `source_sha256` (hexadecimal).
 *
 * @param made - Its id, of 16 to 64 hexadecimal digits, and the time in milliseconds since 1970.
 * @public
 */
export function executeTaskOf(
  { source, entryFunction, file, lang = languageOf(file) }: Executable,
  { id, now }: { readonly id: string; readonly now: number },
): Task {
  const sha256 = createHash('sha256').update(source).digest('hex');
  return {
    kind: 'execute',
    id,
    payload: { ...(lang !== undefined && { lang }), file, entry_fn: entryFunction, source, source_sha256: sha256 },
    requires: requiresOf(lang),
    attempts: 0,
    created_at: `${new Date(now).toISOString().slice(0, 19)}Z`,
    schema_v: TASK_SCHEMA_VERSION,
  };
}

/** `sort.rs` is rust; undefined for an ending that nobody knows. */
function languageOf(file: string): string | undefined {
  const ending = extname(file).toLowerCase();
  return Object.hasOwn(LANGUAGES, ending) ? LANGUAGES[ending] : undefined;
}

function requiresOf(lang: string | undefined): readonly string[] {
  const known = REQUIRES.get(lang ?? '');
  if (known !== undefined) return known;
  const isTag = lang !== undefined && lang.length <= TAG_CHARACTERS_MAX && TAG.test(lang);
  return isTag && lang !== 'cpu' ? ['cpu', lang] : ['cpu'];
}
