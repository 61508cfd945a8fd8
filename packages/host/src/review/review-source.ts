/**
 * The review as a step of the install flow: source and manifest in, a ReviewedSource or the findings out. The work is
 * done in the workshop; what comes back is judged here, so that a workshop that lies cannot add a file or a path.
 */
import {
  LIMITS,
  askedPermissions,
  hasErrors,
  isJsonObject,
  type Dependency,
  type EntryPointGroup,
  type Finding,
  type JsonObject,
  type Manifest,
} from '@bulkhead/protocol';
import { posix } from 'node:path';
import { HostError } from '../base/host-error.ts';
import type { Parcel } from '../base/parcel.ts';
import { FINDINGS_MAX, parseFindings } from '../base/parse-findings.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import type { PackageFiles, SourceTree } from '../source/source-tree.ts';
import { judgeLicenses } from './judge-licenses.ts';
import { listDependencies } from './list-dependencies.ts';

declare const reviewed: unique symbol;

/**
 * What a review let pass; only {@link reviewSource} makes one.
 *
 * `files` are exactly those that the review reached, by path in the tree, and the package.json files that resolution
 * reads; `packages` says where the package at a place in node_modules lies. `findings` are warnings, kept with the release.
 * `dependencies` are the packages of others among `files`.
 */
export type ReviewedSource = {
  readonly [reviewed]: true;
  readonly manifest: Manifest;
  readonly main: string;
  readonly entryPoints: readonly EntryPoint[];
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly packages: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
  readonly dependencies: readonly Dependency[];
};

/** One entry of the manifest's `entry_points`; `module` is a path in the tree. */
export type EntryPoint = {
  readonly group: EntryPointGroup;
  readonly name: string;
  readonly module: string;
  readonly exported: string;
};

/** What became of a review. */
export type ReviewResult =
  | { readonly kind: 'reviewed'; readonly reviewed: ReviewedSource }
  /** At least one finding is an error. */
  | ({ readonly kind: 'refused' } & Found)
  /** Packages that are not in node_modules; the plugin is UNAVAILABLE until they are installed. */
  | ({ readonly kind: 'missing'; readonly packages: readonly string[] } & Found);

/** What is told of a plugin in any case. */
type Found = { readonly findings: readonly Finding[]; readonly dependencies: readonly Dependency[] };

/** What is reviewed. */
export type ReviewInput = {
  readonly source: SourceTree;
  readonly manifest: Manifest;
  /** Packages that the host supplies where the plugin's node_modules has none, such as `@bulkhead/sdk`. */
  readonly supplied: readonly PackageFiles[];
};

/** `main` where the manifest names none, in the order of preference. */
export const DEFAULT_MAINS: readonly string[] = [
  'main.ts',
  'main.js',
  'main.mjs',
  'index.ts',
  'index.js',
  'index.mjs',
  'index.mts',
  'index.cjs',
];

/**
 * Reviews a plugin.
 *
 * @throws {HostError} `REVIEW_LIMIT` when the workshop ran out of time or memory; `SOURCE_TOO_LARGE` when dependencies
 *   pass the bounds.
 */
export async function reviewSource(input: ReviewInput, ask: AskWorkshop): Promise<ReviewResult> {
  const entries = findEntries(input.manifest, input.source);
  if (!entries.ok) return { kind: 'refused', findings: entries.findings, dependencies: [] };
  const shelf = createShelf(input);
  const answer = await ask({ verb: 'review', parcel: jobOf(input, entries), answer: shelf.answer });
  const { reached, missing, ...answered } = parseAnswer(answer, shelf.files);
  const dependencies = listDependencies(reached, shelf.files);
  const licenses = judgeLicenses(input.manifest, dependencies);
  const findings = [...answered.findings, ...licenses].slice(0, FINDINGS_MAX); // Errors come first.
  if (hasErrors(findings)) return { kind: 'refused', findings, dependencies };
  if (missing.length > 0) return { kind: 'missing', packages: missing, findings, dependencies };
  const result: Omit<ReviewedSource, typeof reviewed> = {
    manifest: input.manifest,
    main: entries.main,
    entryPoints: entries.entryPoints,
    files: new Map(reached.map((path) => [path, shelf.files.get(path) ?? new Uint8Array()])),
    packages: shelf.packages,
    findings,
    dependencies,
  };
  return { kind: 'reviewed', reviewed: result as ReviewedSource }; // The only place that makes one.
}

type Entries =
  | { readonly ok: true; readonly main: string; readonly entryPoints: readonly EntryPoint[] }
  | { readonly ok: false; readonly findings: readonly Finding[] };

function findEntries(manifest: Manifest, source: SourceTree): Entries {
  const findings: Finding[] = [];
  const locate = (written: string, field: string): string => {
    const found = locateModule(written, field, source);
    if (typeof found === 'string') return found;
    findings.push(found);
    return '';
  };
  const fallback = DEFAULT_MAINS.find((path) => isThere(source, path)) ?? DEFAULT_MAINS[0] ?? '';
  const main = locate(manifest.main ?? fallback, '/main');
  const entryPoints = Object.entries(manifest.entry_points).flatMap(([group, names]) =>
    Object.entries(names).map(([name, written]): EntryPoint => {
      const [module = '', exported = ''] = written.split('#');
      // The manifest's schema has just the groups of EntryPointGroup.
      return {
        group: group as EntryPointGroup,
        name,
        module: locate(module, `/entry_points/${group}/${name}`),
        exported,
      };
    }),
  );
  return findings.length > 0 ? { ok: false, findings } : { ok: true, main, entryPoints };
}

function locateModule(written: string, field: string, source: SourceTree): string | Finding {
  const path = posix.normalize(written);
  const place = { severity: 'error', path: `plugin.json#${field}`, line: null } as const;
  if (path.startsWith('/') || path.startsWith('..') || /^[a-z][a-z0-9+.-]*:/i.test(path)) {
    const message = `"${written}" leaves the plugin folder`;
    return { id: 'BUNDLE_ESCAPES', ...place, message, hint: 'Name a file inside the folder, such as main.ts.' };
  }
  if (isThere(source, path)) return path;
  const message = `"${written}" is not in the plugin folder`;
  return {
    id: 'BUNDLE_FAILED',
    ...place,
    message,
    hint: 'Name a js or ts file that is there; hidden files are not read.',
  };
}

function isThere(source: SourceTree, path: string): boolean {
  return source.files.has(path) || source.oversized.has(path);
}

/** What the host has read so far of this plugin, and how it answers the workshop's questions. */
type Shelf = {
  readonly files: Map<string, Uint8Array>;
  readonly packages: Map<string, string>;
  readonly answer: (question: Parcel) => Promise<Parcel>;
};

function createShelf({ source, supplied }: ReviewInput): Shelf {
  const files = new Map(source.files);
  const packages = new Map<string, string>();
  const find = async ({ name, from }: Wanted): Promise<PackageFiles | undefined> =>
    (await source.readPackage(name, from)) ?? supplied.find((one) => one.name === name);
  const answer = async (question: Parcel): Promise<Parcel> => {
    const blobs = new Map<string, Uint8Array>();
    const places: [string, string][] = [];
    for (const wanted of parseWanted(question.head)) {
      const found = await find(wanted);
      if (found === undefined) continue;
      const place = found.link ?? found.root;
      if (packages.has(place)) continue;
      packages.set(place, found.root);
      places.push([place, found.root]);
      for (const [path, bytes] of found.files) if (!files.has(path)) blobs.set(path, bytes);
    }
    for (const [path, bytes] of blobs) files.set(path, bytes);
    return { head: { places }, blobs };
  };
  return { files, packages, answer };
}

type Wanted = { readonly name: string; readonly from: string };

/** A package name and a path in the tree; anything else would make the host look elsewhere. */
const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;
const WANTED_MAX = 1_000;

function parseWanted(head: JsonObject): readonly Wanted[] {
  const list = head['wanted'];
  const wanted = Array.isArray(list) ? list.slice(0, WANTED_MAX) : [];
  return wanted.flatMap((one: unknown) => {
    const { name, from } = isJsonObject(one) ? one : {};
    if (typeof name !== 'string' || typeof from !== 'string') return [];
    const isInside = !from.split('/').includes('..') && !from.startsWith('/') && !from.includes('\0');
    return NAME.test(name) && isInside ? [{ name, from }] : [];
  });
}

function jobOf({ source, manifest }: ReviewInput, entries: Entries & { readonly ok: true }): Parcel {
  const modules = [entries.main, ...entries.entryPoints.map((entry) => entry.module)];
  const asks = askedPermissions(manifest);
  const head = { entries: [...new Set(modules)], oversized: Object.fromEntries(source.oversized), asks };
  return { head, blobs: source.files };
}

type Answer = {
  readonly findings: readonly Finding[];
  readonly reached: readonly string[];
  readonly missing: readonly string[];
};

function parseAnswer({ head }: Parcel, files: ReadonlyMap<string, Uint8Array>): Answer {
  const findings = parseFindings(head['findings']);
  const reached = stringsOf(head['reached']);
  const missing = stringsOf(head['missing']);
  if (findings === undefined || reached === undefined || missing === undefined) throw malformed('wrong form');
  if (!missing.every((name) => NAME.test(name))) throw malformed('a package of no package name');
  // Of a refused plugin an oversized file may have been reached, whose bytes nobody has.
  if (!hasErrors(findings) && !reached.every((path) => files.has(path))) throw malformed('a file that nobody gave it');
  return { findings, reached, missing };
}

function stringsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > LIMITS.source_files.value) return undefined;
  return value.every((item) => typeof item === 'string') ? value : undefined;
}

function malformed(what: string): HostError {
  return new HostError('REVIEW_LIMIT', {
    message: `the review answered with ${what}`,
    hint: 'Report this plugin: its review misbehaves.',
  });
}
