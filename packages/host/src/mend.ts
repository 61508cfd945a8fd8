/**
 * `check --fix`: mends what can be mended safely in a folder, and says what it did. Modules are read in the workshop, which
 * only names kinds and places; what is written is made here, and only where the text is what that kind expects.
 *
 *   read -> manifest, modules -> write, each file whole
 */
import { isAllowedBuiltin, isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { join } from 'node:path';
import { isLoadable } from './base/tree-paths.ts';
import type { AskWorkshop } from './base/workshop-port.ts';
import { DEFAULT_MAINS } from './review/review-source.ts';
import { mendManifest, type ManifestHelp } from './source/mend-manifest.ts';
import { OPERATOR_FOLDER, readSource } from './source/read-source.ts';
import type { SourceTree } from './source/source-tree.ts';
import { replaceFile } from './source/write-whole.ts';

/**
 * One change that was made; `path` is relative to the folder.
 *
 * @public
 */
export type Mended = { readonly path: string; readonly line: number; readonly message: string };

/**
 * Mends a folder. A second time there is nothing left to do.
 *
 * @param dir - Absolute path of the plugin folder.
 * @throws {HostError} `SOURCE_*` where the folder cannot be read, `REVIEW_LIMIT` where the workshop failed.
 */
export async function mendPlugin(dir: string, ask: AskWorkshop): Promise<readonly Mended[]> {
  const source = await readSource(dir, OPERATOR_FOLDER);
  const texts = [...mendedManifest(source), ...(await mendedModules(source, ask))];
  const done: Mended[] = [];
  for (const { path, text, changes } of texts) {
    const before = source.files.get(path) ?? new Uint8Array();
    const isWritten = await replaceFile({ path: join(source.folder, path), before }, text);
    if (isWritten) done.push(...changes.map((change) => ({ path, ...change })));
  }
  return done;
}

type MendedText = {
  readonly path: string;
  readonly text: string;
  readonly changes: readonly Omit<Mended, 'path'>[];
};

function mendedManifest(source: SourceTree): readonly MendedText[] {
  const path = 'plugin.json';
  const written = textOf(source, path);
  if (written === undefined) return [];
  const { text, changes } = mendManifest(written, helpOf(source));
  return changes.length === 0 ? [] : [{ path, text, changes }];
}

/** Undefined where the bytes are no UTF-8: writing them back would change them. */
function textOf(source: SourceTree, path: string): string | undefined {
  const bytes = source.files.get(path);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function helpOf(source: SourceTree): ManifestHelp {
  const { version, description, author } = packageOf(source);
  const name = isJsonObject(author) ? author['name'] : author;
  return { version: wordOf(version), description: wordOf(description), author: wordOf(name), main: mainOf(source) };
}

function packageOf(source: SourceTree): JsonObject {
  try {
    const value = JSON.parse(textOf(source, 'package.json') ?? '{}') as JsonValue; // JSON.parse says any.
    return isJsonObject(value) ? value : {};
  } catch {
    return {}; // No JSON helps nobody.
  }
}

function wordOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The only module beside plugin.json, where none has a name that is found by itself. */
function mainOf({ files }: SourceTree): string | undefined {
  if (DEFAULT_MAINS.some((path) => files.has(path))) return undefined;
  const modules = [...files.keys()].filter((path) => isModule(path) && !path.includes('/'));
  return modules.length === 1 ? modules[0] : undefined;
}

function isModule(path: string): boolean {
  return isLoadable(path) && !path.endsWith('.json');
}

async function mendedModules(source: SourceTree, ask: AskWorkshop): Promise<readonly MendedText[]> {
  const texts = new Map([...source.files.keys()].filter(isModule).map((path) => [path, textOf(source, path)]));
  const blobs = new Map([...source.files].filter(([path]) => texts.get(path) !== undefined));
  const { head } = await ask({ verb: 'mend', parcel: { head: {}, blobs } });
  const edits = Map.groupBy(editsOf(head['mends'], texts), ({ path }) => path);
  return [...edits].map(([path, ofPath]) => {
    const text = texts.get(path) ?? '';
    const inOrder = ofPath.toSorted((one, other) => one.start - other.start);
    const changes = inOrder.map(({ start, message }) => ({ line: text.slice(0, start).split('\n').length, message }));
    return { path, text: edited(text, inOrder), changes };
  });
}

type Edit = {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly message: string;
};

/** From behind, so that the offsets before stay true; what overlaps is left for the next time. */
function edited(text: string, edits: readonly Edit[]): string {
  let result = text;
  let from = text.length;
  for (const { start, end, text: written } of edits.toReversed()) {
    if (end > from) continue;
    result = result.slice(0, start) + written + result.slice(end);
    from = start;
  }
  return result;
}

/** What the workshop names is a stranger's word: an edit is made only where the text is what its kind expects. */
function editsOf(mends: JsonValue | undefined, texts: ReadonlyMap<string, string | undefined>): readonly Edit[] {
  return (Array.isArray(mends) ? mends : []).flatMap((mend: JsonValue) => {
    const { path, kind, start } = isJsonObject(mend) ? mend : {};
    if (typeof path !== 'string' || typeof start !== 'number' || typeof kind !== 'string') return [];
    const edit = editAt(texts.get(path) ?? '', kind, start);
    return edit === undefined ? [] : [{ path, start, ...edit }];
  });
}

const SPECIFIER = /(?<=^['"])[a-z_/0-9]+(?=['"])/;
const HIDDEN = /^[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF]/;
const MAP_COMMENT =
  /^(?:\/\/\s*[#@]\s*sourceMappingURL\s*=[^\r\n\u2028\u2029]*|\/\*\s*[#@]\s*sourceMappingURL\s*=[^*]*\*\/)/;

function editAt(text: string, kind: string, start: number): Omit<Edit, 'path' | 'start'> | undefined {
  const here = text.slice(start, start + PLACE_CHARACTERS_MAX);
  if (kind === 'node-prefix') return prefixEdit(here, start);
  if (kind === 'drop-comment') {
    const comment = MAP_COMMENT.exec(here)?.[0];
    const message = 'the comment that names a source map outside of the folder is removed';
    return comment === undefined ? undefined : { end: start + comment.length, text: '', message };
  }
  if (!HIDDEN.test(here)) return undefined;
  const escape = `\\u${here.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`;
  if (kind === 'drop-hidden') return { end: start + 1, text: '', message: `the hidden character ${escape} is removed` };
  if (kind !== 'escape-hidden') return undefined;
  return { end: start + 1, text: escape, message: `the hidden character is written ${escape}` };
}

/** Longer than any of these places needs to be. */
const PLACE_CHARACTERS_MAX = 4_096;

function prefixEdit(here: string, start: number): Omit<Edit, 'path' | 'start'> | undefined {
  const name = SPECIFIER.exec(here.slice(0, SPECIFIER_CHARACTERS_MAX))?.[0];
  if (name === undefined || !isAllowedBuiltin(name)) return undefined;
  const end = start + 1 + name.length;
  return { end, text: `${here.charAt(0)}node:${name}`, message: `"${name}" is imported as "node:${name}"` };
}

const SPECIFIER_CHARACTERS_MAX = 64;
