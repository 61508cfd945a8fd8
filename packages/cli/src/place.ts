/**
 * Where in an author's files something is, for an error that would otherwise name none: by the stack of what was thrown, by
 * the text that the error is about, or by what looks like it.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isJsonObject, type Finding } from '@bulkhead/protocol';

/** A file of the plugin, and a line of it where one is known. */
export type Place = { readonly path: string; readonly line: number | null };

const FILES_MAX = 500;
const SOURCE = /\.[cm]?[jt]s$/;
const MANIFEST: Place = { path: 'plugin.json', line: null };

/** Returns the innermost frame of a mapped stack that lies in a file of the plugin's own. */
export function placeInStack(stack: unknown): Place | undefined {
  const frames = String(stack).matchAll(/\(?([^\s():]+\.[cm]?[jt]s):(\d+):\d+\)?/g);
  const own = [...frames].find(([, path = '']) => !/^\/|^node:|node_modules\//.test(path));
  return own === undefined ? undefined : { path: own[1] ?? '', line: Number(own[2]) };
}

/** Finds the first line of the plugin's own modules that matches, main first. */
export async function placeOfText(dir: string, pattern: RegExp): Promise<Place | undefined> {
  for (const path of await ownModules(dir)) {
    const lines = (await readFile(join(dir, path), 'utf8').catch(() => '')).split('\n');
    const index = lines.findIndex((line) => pattern.test(line));
    if (index !== -1) return { path, line: index + 1 };
  }
  return undefined;
}

/** Finds where the export of an entry point is made; the line of plugin.json that names it where that is not seen. */
export async function placeOfEntry(dir: string, group: string, name: string): Promise<Place> {
  const manifest = await readManifest(dir);
  const groups = isJsonObject(manifest['entry_points']) ? manifest['entry_points'] : {};
  const named = groups[group] ?? groups[`bulkhead.${group}`];
  const written = isJsonObject(named) ? textOf(named[name]) : '';
  const [module = '', exported = ''] = written.replace(/^\.\//, '').split('#');
  const text = await readFile(join(dir, module), 'utf8').catch(() => '');
  const made = new RegExp(`\\b(?:class|function\\*?|const|let)\\s+${exported.replaceAll('$', '\\$')}\\b`);
  const index = text.split('\n').findIndex((line) => made.test(line));
  return index === -1 ? ((await placeInManifest(dir, written)) ?? MANIFEST) : { path: module, line: index + 1 };
}

/** What a module that does not end may be doing; the first of them is where an author looks first. */
const MAY_NOT_END = /\b(?:while\s*\(\s*(?:true|1|!0)\s*\)|for\s*\(\s*;\s*;|await\s+new\s+Promise\b)/;

/** Finds what may keep a plugin from becoming ready; main where nothing is seen. */
export async function placeOfHang(dir: string): Promise<Place> {
  const found = await placeOfText(dir, MAY_NOT_END);
  const [main = MANIFEST.path] = await ownModules(dir);
  return found ?? { path: main, line: 1 };
}

/** Finds what a reason that names no line is about; the first line of main where that is not seen. */
export async function placeOfReason(dir: string, reason: string): Promise<Place> {
  if (reason.includes('INIT_TIMEOUT')) return placeOfHang(dir);
  const entry = /the entry point "([^"]+)" of (\w+)/.exec(reason);
  if (entry !== null) return placeOfEntry(dir, entry[2] ?? '', entry[1] ?? '');
  const named = /no package "([^"]+)"|the (?:tool|hook) "([^"]+)"/.exec(reason);
  const word = named?.[1] ?? named?.[2];
  const place = word === undefined ? undefined : await placeOfText(dir, new RegExp(`["'\`]${escaped(word)}["'\`/]`));
  return place ?? { path: (await placeOfHang(dir)).path, line: 1 };
}

/** A text as a regular expression that matches it alone. */
export function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** What a load that failed may end with; nobody knows its line where nothing was thrown. */
const LOAD_FAILURES: ReadonlySet<string> = new Set(['INIT_TIMEOUT', 'LOAD_FAILED', 'INIT_FAILED', 'GUEST_EXITED']);

/** Gives failures to load that name no line the one where an author should look first. */
export function withPlaces(dir: string, findings: readonly Finding[]): Promise<readonly Finding[]> {
  return Promise.all(
    findings.map(async (finding) => {
      if (finding.line !== null || !LOAD_FAILURES.has(finding.id)) return finding;
      return { ...finding, ...(await placeOfReason(dir, `${finding.id}: ${finding.message}`)) };
    }),
  );
}

async function placeInManifest(dir: string, text: string): Promise<Place | undefined> {
  const lines = (await readFile(join(dir, MANIFEST.path), 'utf8').catch(() => '')).split('\n');
  const index = text === '' ? -1 : lines.findIndex((line) => line.includes(text));
  return index === -1 ? undefined : { path: MANIFEST.path, line: index + 1 };
}

/** plugin.json as JSON; empty where it is none. */
export async function readManifest(dir: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(await readFile(join(dir, MANIFEST.path), 'utf8'));
    return isJsonObject(value) ? value : {};
  } catch {
    return {}; // The install says what is wrong with it.
  }
}

async function ownModules(dir: string): Promise<readonly string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = found
    .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !/(?:^|\/)(?:node_modules|tests)\//.test(path))
    .slice(0, FILES_MAX);
  const main = textOf((await readManifest(dir))['main']).replace(/^\.\//, '') || 'main.ts';
  return paths.toSorted((a, b) => Number(b === main) - Number(a === main) || (a < b ? -1 : 1));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
