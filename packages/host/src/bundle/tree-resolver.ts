/**
 * Resolves what a module imports, as Node does, from a plugin's in-memory tree alone: no disk, no environment, no
 * configuration of the author's. Both the review and the bundler ask it, so they cannot see different files.
 *
 * Beyond Node, as TypeScript authors write: an ending may be left out, and `./x.js` finds `x.ts`.
 */
import { isAllowedBuiltin, isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { exports as exportsOf, imports as importsOf } from 'resolve.exports';
import { packageNameOf, packagePlaces } from '../base/tree-paths.ts';

/** Which conditions of a package hold: `import` for import and import(), `require` for require(). */
export type ImportKind = 'import' | 'require';

/** One import, as it is written: `importer` is the path of the file in the tree, `''` for the entry. */
export type ImportRequest = { readonly specifier: string; readonly importer: string; readonly kind: ImportKind };

/** What an import means. `refused` and `builtin` give the name without `node:`. */
export type Resolution =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'refused'; readonly name: string }
  /** An absolute path, a URL, or a path above the plugin folder. */
  | { readonly kind: 'escape' }
  /** A package that the tree does not hold. */
  | { readonly kind: 'package'; readonly name: string }
  /** A file, or an export of a package that is there, that does not exist. */
  | { readonly kind: 'absent' };

/** What the resolver looks at; it may grow between two questions. */
export type ResolverTree = {
  readonly has: (path: string) => boolean;
  readonly text: (path: string) => string | undefined;
  /** Where the package at this place in node_modules lies, undefined where the tree does not hold it. */
  readonly packageAt: (place: string) => string | undefined;
  /** The permissions that the plugin asks for; with some of them there are more built-ins. */
  readonly asks?: readonly string[];
};

/** Says what an import means. Never throws. */
export type Resolve = (request: ImportRequest) => Resolution;

/** Makes a resolver over a tree. package.json files are parsed once. */
export function createTreeResolver(tree: ResolverTree): Resolve {
  const packages = new Map<string, JsonObject | undefined>();
  const packageJson = (root: string): JsonObject | undefined => {
    const path = posix.join(root, 'package.json');
    if (!packages.has(path) && tree.has(path)) packages.set(path, parseObject(tree.text(path)));
    return packages.get(path);
  };
  return (request) => resolveIn({ tree, packageJson }, request);
}

/** Finds the file that a path of the author's means (`main`, or an entry point's module); undefined where none does. */
function findModule(tree: Pick<ResolverTree, 'has'>, path: string): string | undefined {
  const candidates = [path, ...ENDINGS.map((ending) => path + ending), ...typescriptTwins(path)];
  return candidates.find((candidate) => tree.has(candidate));
}

type Scope = { readonly tree: ResolverTree; readonly packageJson: (root: string) => JsonObject | undefined };

const ENDINGS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];

function parseObject(text: string | undefined): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text ?? '');
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined; // Node refuses such a package, too; here its files still resolve by name.
  }
}

function resolveIn(scope: Scope, request: ImportRequest): Resolution {
  const { specifier, importer } = request;
  if (specifier.startsWith('#')) return resolveOwn(scope, request);
  if (/^\.\.?(?:\/|$)/.test(specifier)) return resolvePath(scope, posix.join(posix.dirname(importer), specifier));
  // Node's own modules go first, whatever a package is called; a name under `node:` is never a package.
  if (isBuiltin(specifier) || specifier.startsWith('node:')) return builtin(specifier, scope.tree.asks);
  const name = packageNameOf(specifier);
  if (name === undefined) return { kind: 'escape' }; // Absolute, a URL, or nothing that Node would look for.
  return resolvePackage(scope, request, name);
}

function builtin(specifier: string, asks: readonly string[] | undefined): Resolution {
  const name = specifier.replace(/^node:/, '');
  return isAllowedBuiltin(name, asks) ? { kind: 'builtin', name } : { kind: 'refused', name };
}

/** A percent-encoded or back-slashed step up is no step up in the tree, where names are compared as they are. */
function resolvePath(scope: Scope, path: string): Resolution {
  if (path === '..' || path.startsWith('../')) return { kind: 'escape' };
  const found = findModule(scope.tree, path) ?? findIndex(scope, path === '.' ? '' : path);
  return found === undefined ? { kind: 'absent' } : { kind: 'file', path: found };
}

function findIndex(scope: Scope, folder: string): string | undefined {
  const main = scope.packageJson(folder)?.['main'];
  const named = typeof main === 'string' ? within(folder, main) : undefined;
  const found = named === undefined ? undefined : (findModule(scope.tree, named) ?? indexOf(scope, named));
  return found ?? indexOf(scope, folder);
}

function indexOf(scope: Scope, folder: string): string | undefined {
  return findModule(scope.tree, posix.join(folder, 'index'));
}

function typescriptTwins(path: string): readonly string[] {
  const [, stem, ending] = /^(.*)\.([cm]?)js$/.exec(path) ?? [];
  return stem === undefined ? [] : [`${stem}.${ending ?? ''}ts`];
}

/** Joins a package's own path to its root; undefined where it leaves the package. */
function within(root: string, path: string): string | undefined {
  const joined = posix.join(root, path);
  return root === ''
    ? joined.startsWith('..')
      ? undefined
      : joined
    : joined.startsWith(`${root}/`)
      ? joined
      : undefined;
}

/** A specifier that the importer's own package defines under `imports`. */
function resolveOwn(scope: Scope, request: ImportRequest): Resolution {
  const root = packageRootOf(scope, request.importer);
  const about = root === undefined ? undefined : scope.packageJson(root);
  if (root === undefined || about === undefined) return { kind: 'absent' };
  const target = targetOf(() => importsOf(about, request.specifier, conditions(request)));
  if (target === undefined) return { kind: 'absent' };
  if (target.startsWith('./')) return exactly(scope, within(root, target));
  return target.startsWith('#') ? { kind: 'absent' } : resolveIn(scope, { ...request, specifier: target });
}

function resolvePackage(scope: Scope, request: ImportRequest, name: string): Resolution {
  const own = packageRootOf(scope, request.importer);
  const about = own === undefined ? undefined : scope.packageJson(own);
  if (own !== undefined && about?.['name'] === name && about['exports'] !== undefined)
    return inPackage(scope, own, request);
  const places = packagePlaces(name, folderOf(request.importer));
  const root = places.map((place) => scope.tree.packageAt(place)).find((found) => found !== undefined);
  return root === undefined ? { kind: 'package', name } : inPackage(scope, root, request);
}

function inPackage(scope: Scope, root: string, request: ImportRequest): Resolution {
  const about = scope.packageJson(root);
  const sub = request.specifier.slice((packageNameOf(request.specifier) ?? '').length).replace(/\/$/, '');
  if (about?.['exports'] !== undefined) {
    const target = targetOf(() => exportsOf(about, `.${sub}`, conditions(request)));
    return target === undefined ? { kind: 'absent' } : exactly(scope, within(root, target));
  }
  return resolvePath(scope, posix.join(root, `.${sub}`));
}

function exactly(scope: Scope, path: string | undefined): Resolution {
  if (path === undefined) return { kind: 'escape' };
  const found = findModule(scope.tree, path);
  return found === undefined ? { kind: 'absent' } : { kind: 'file', path: found };
}

function conditions(request: ImportRequest): { readonly require: boolean; readonly conditions: readonly string[] } {
  return { require: request.kind === 'require', conditions: ['module-sync'] };
}

/** The library throws where a package exports nothing of that name. */
function targetOf(look: () => readonly string[] | void): string | undefined {
  try {
    return look()?.[0];
  } catch {
    return undefined; // Reported as absent, which names the specifier and the importer.
  }
}

function packageRootOf(scope: Scope, importer: string): string | undefined {
  for (let folder = folderOf(importer); ; folder = folderOf(folder)) {
    if (scope.tree.has(posix.join(folder, 'package.json'))) return folder;
    if (folder === '' || posix.basename(folder) === 'node_modules') return undefined;
  }
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}
