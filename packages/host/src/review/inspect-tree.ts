/**
 * The review of a whole plugin, as it runs in the workshop: follows what is imported from the entry modules, inspects
 * each module that it reaches, and asks for a package when an import first reaches it. It runs nothing.
 *
 * R1: every module of the later bundle was inspected here; the bundler is given these files and no others.
 */
import type { Finding } from '@bulkhead/protocol';
import { posix } from 'node:path';
import { inspectModule, type LocatedRequest } from './inspect-module.ts';
import { inspectTsconfig } from './inspect-tsconfig.ts';

/** What the resolver says an import means; `TreeResolver` of the bundle is one. */
export type ResolvedImport =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'builtin' | 'refused' | 'escape' | 'absent' };

/** The tree as the review needs it. */
export type InspectedTree = {
  /** The permissions that the plugin asks for. */
  readonly asks: readonly string[];
  readonly text: (path: string) => string | undefined;
  readonly isAuthors: (path: string) => boolean;
  /** Size in bytes of an author file above the bound, undefined where it is within. */
  readonly oversizeOf: (path: string) => number | undefined;
  readonly resolve: (request: { specifier: string; importer: string; kind: 'import' | 'require' }) => ResolvedImport;
  /** Fetches packages into the tree; resolves when those that exist are there. */
  readonly fetchPackages: (wanted: readonly WantedPackage[]) => Promise<void>;
  readonly has: (path: string) => boolean;
};

/** A package to look for, and the folder of the file that imports it (`''` is the plugin folder). */
export type WantedPackage = { readonly name: string; readonly from: string };

/** `reached` are paths in the tree, sorted; `missing` are packages that the plugin cannot do without. */
export type Inspection = {
  readonly findings: readonly Finding[];
  readonly reached: readonly string[];
  readonly missing: readonly string[];
};

/**
 * Inspects everything that is reached from the entry modules.
 *
 * @param entries - Paths of the author's modules, in the tree.
 */
export async function inspectTree(tree: InspectedTree, entries: readonly string[]): Promise<Inspection> {
  const state: State = {
    reached: new Set(),
    findings: [...inspectTsconfig(tree.text('tsconfig.json') ?? '')],
    missing: new Set(),
    waiting: [],
  };
  let wanted = visitAll(tree, state, entries);
  while (wanted.length > 0) {
    await tree.fetchPackages(wanted);
    const again = state.waiting.splice(0);
    wanted = visitAll(
      tree,
      state,
      again.flatMap((waiting) => follow(tree, state, { ...waiting, isFetched: true })),
    );
  }
  const missing = [...state.missing].toSorted();
  return {
    findings: sorted(state.findings).slice(0, FINDINGS_MAX),
    reached: withPackageFiles(tree, state.reached),
    missing,
  };
}

/** As many as the host takes; those left out are the least severe. */
const FINDINGS_MAX = 500;

type Import = { readonly importer: string; readonly request: LocatedRequest; readonly isFetched: boolean };
type State = {
  readonly reached: Set<string>;
  readonly findings: Finding[];
  readonly missing: Set<string>;
  readonly waiting: Import[];
};

/** Visits modules until only imports of packages that are not in the tree are left; returns what to fetch. */
function visitAll(tree: InspectedTree, state: State, entries: readonly string[]): readonly WantedPackage[] {
  const pending = [...entries];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (state.reached.has(path)) continue;
    state.reached.add(path);
    pending.push(...visit(tree, state, path));
  }
  const wanted = new Map(
    state.waiting.map((waiting) => wantedBy(tree, waiting)).map((one) => [`${one.from}:${one.name}`, one]),
  );
  return [...wanted.values()];
}

function wantedBy(tree: InspectedTree, { importer, request }: Import): WantedPackage {
  const resolved = resolve(tree, importer, request);
  const folder = posix.dirname(importer);
  return { name: resolved.kind === 'package' ? resolved.name : '', from: folder === '.' ? '' : folder };
}

function visit(tree: InspectedTree, state: State, path: string): readonly string[] {
  const oversize = tree.oversizeOf(path);
  if (oversize !== undefined) {
    state.findings.push(tooLarge(path, oversize));
    return [];
  }
  if (path.endsWith('.json')) return [];
  const { findings, requests } = inspectModule(path, tree.text(path) ?? '', tree.asks);
  const isAuthors = tree.isAuthors(path);
  state.findings.push(...findings.map((finding) => (isAuthors ? finding : softened(finding))));
  return requests.flatMap((request) => follow(tree, state, { importer: path, request, isFetched: false }));
}

/** Returns the module that an import leads to, if there is one to visit. */
function follow(tree: InspectedTree, state: State, found: Import): readonly string[] {
  const resolved = resolve(tree, found.importer, found.request);
  switch (resolved.kind) {
    case 'file':
      return [resolved.path];
    case 'package':
      if (!found.isFetched) state.waiting.push(found);
      else if (!isOptional(tree, found)) noteMissing(state, found, resolved.name);
      return [];
    case 'absent':
      noteAbsent(tree, state, found);
      return [];
    case 'builtin':
    case 'refused':
    case 'escape':
      return []; // Nothing to visit; a rule says what is wrong with it.
  }
}

function resolve(tree: InspectedTree, importer: string, request: LocatedRequest): ResolvedImport {
  if (request.specifier === undefined) return { kind: 'escape' };
  const kind = request.form === 'require' ? 'require' : 'import';
  return tree.resolve({ specifier: request.specifier, importer, kind });
}

/** A dependency that tries a package lives without it; whatever else is missing has to be installed. */
function isOptional(tree: InspectedTree, { importer, request }: Import): boolean {
  return !tree.isAuthors(importer) && (request.isOptional || request.form === 'dynamic');
}

function noteAbsent(tree: InspectedTree, state: State, { importer, request }: Import): void {
  const isAuthors = tree.isAuthors(importer);
  state.findings.push({
    id: 'BUNDLE_FAILED',
    severity: isAuthors ? 'error' : 'warning',
    path: importer,
    line: request.line,
    message: `"${request.specifier}" is not in the plugin folder`,
    hint: 'Correct the path; hidden files, links and endings other than js, ts and json are not read.',
  });
}

/** A warning, since it may be there where the plugin will run; the list of what is missing decides. */
function noteMissing(state: State, { importer, request }: Import, name: string): void {
  state.missing.add(name);
  state.findings.push({
    id: 'PACKAGE_MISSING',
    severity: 'warning',
    path: importer,
    line: request.line,
    message: `package "${name}" is not in the plugin's node_modules`,
    hint: `Run npm install ${name} in the plugin's folder, or import what is there.`,
  });
}

function softened(finding: Finding): Finding {
  return finding.severity === 'error' ? { ...finding, severity: 'warning' } : finding;
}

function tooLarge(path: string, bytes: number): Finding {
  return {
    id: 'REVIEW_LIMIT',
    severity: 'error',
    path,
    line: null,
    message: `"${path}" has ${bytes} bytes, more than a reviewed file may have`,
    hint: 'Split the file, or move data out of it; an author file may have 1 MiB.',
  };
}

/** The package.json files beside and above what was reached: the bundler resolves by them, too. */
function withPackageFiles(tree: InspectedTree, reached: ReadonlySet<string>): readonly string[] {
  const all = new Set(reached);
  for (const path of reached) {
    for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
      const about = posix.join(folder, 'package.json');
      if (tree.has(about)) all.add(about);
      if (folder === '.') break;
    }
  }
  return [...all].toSorted();
}

const SEVERITIES = ['error', 'warning', 'info'];

/** Errors first, then by place. */
function sorted(findings: readonly Finding[]): readonly Finding[] {
  const place = (finding: Finding): string => `${finding.path}\0${String(finding.line ?? 0).padStart(9, '0')}`;
  const order = (finding: Finding): number => SEVERITIES.indexOf(finding.severity);
  return findings.toSorted(
    (one, other) => order(one) - order(other) || (place(one) < place(other) ? -1 : place(one) > place(other) ? 1 : 0),
  );
}
