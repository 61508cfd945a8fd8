/**
 * Bundles a reviewed tree into one ES module, as it runs in the workshop. The bundler sees the tree and nothing else: a
 * plugin of ours answers every question of where a file is and what it holds, so it has none left for the disk.
 *
 * B1: same files, same entry, same bytes. Nothing of the machine, the clock or the order of files is in the output.
 * B2: what the output imports is an allowed built-in; anything else ends as a finding.
 */
import { isAllowedBuiltin, type Finding } from '@bulkhead/protocol';
import {
  build,
  type BuildOptions,
  type BuildResult,
  type Loader,
  type Message,
  type OnResolveArgs,
  type OnResolveResult,
  type Plugin,
} from 'esbuild';
import { posix } from 'node:path';
import { ENTRY_PATH, entryModule, entryPointAtLine, type EntryModuleOptions } from './entry-module.ts';
import { prepareModule } from './prepare-module.ts';
import { absentModuleStub, refusedBuiltinStub, requiredBuiltinStub } from './stubs.ts';
import { createTreeResolver, type Resolve } from './tree-resolver.ts';

/** What is bundled: files by path in the tree, and what the entry exports. */
export type BundleInput = {
  readonly entry: EntryModuleOptions;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Where the package at a place in node_modules lies. */
  readonly packages: ReadonlyMap<string, string>;
  /** The permissions that the plugin asks for; none where they are left out. */
  readonly asks?: readonly string[];
};

/** The module and its source map (UTF-8 both), or why there is none. */
export type BundleOutput =
  | { readonly ok: true; readonly module: Uint8Array; readonly sourceMap: Uint8Array }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Bundles. Never throws for what the input holds: that is a finding, with the author's file and line. */
export async function bundleTree(input: BundleInput): Promise<BundleOutput> {
  try {
    const result = await build(buildOptions(input));
    return readResult(result, input.asks);
  } catch (error) {
    const messages = messagesOf(error);
    if (messages === undefined) throw error;
    return { ok: false, findings: messages.map((message) => findingOf(message, input.entry)) };
  }
}

const NAMESPACE = 'tree';
const OUTPUT = 'artifact.mjs';

function buildOptions(input: BundleInput): BuildOptions & { readonly write: false; readonly metafile: true } {
  return {
    absWorkingDir: '/',
    entryPoints: [{ in: ENTRY_PATH, out: 'artifact' }],
    outdir: '/bundle',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    charset: 'utf8',
    legalComments: 'eof',
    // Given, so that no tsconfig.json is looked for.
    tsconfigRaw: '{}',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [treePlugin(input)],
  };
}

function treePlugin(input: BundleInput): Plugin {
  const text = (path: string): string | undefined => {
    const bytes = input.files.get(path);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  };
  const tree = {
    has: (path: string) => input.files.has(path),
    text,
    packageAt: (place: string) => input.packages.get(place),
    asks: input.asks ?? [],
  };
  const resolve = createTreeResolver(tree);
  return {
    name: 'tree',
    setup: (bundler) => {
      bundler.onResolve({ filter: /.*/ }, (args) => resolveFor(args, resolve, text));
      bundler.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const contents = path === ENTRY_PATH ? entryModule(input.entry) : text(path);
        // Every other namespace and path was made by resolveFor below.
        return contents === undefined ? { errors: [{ text: `${path} is not in the tree` }] } : moduleOf(path, contents);
      });
      bundler.onLoad({ filter: /.*/, namespace: 'refused' }, ({ path }) => ({
        contents: refusedBuiltinStub(path),
        loader: 'js',
      }));
      bundler.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({
        contents: absentModuleStub(path),
        loader: 'js',
      }));
      bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
        contents: requiredBuiltinStub(path),
        loader: 'js',
      }));
    },
  };
}

function moduleOf(path: string, text: string): { readonly contents: string; readonly loader: Loader } {
  const loader = loaderOf(path);
  return { contents: loader === 'json' ? text.replace(/^\uFEFF/, '') : prepareModule(path, text), loader };
}

function loaderOf(path: string): Loader {
  if (path.endsWith('.json')) return 'json';
  return /\.[cm]?ts$/.test(path) ? 'ts' : 'js';
}

function resolveFor(
  args: OnResolveArgs,
  resolve: Resolve,
  text: (path: string) => string | undefined,
): OnResolveResult {
  if (args.kind === 'entry-point') return { path: ENTRY_PATH, namespace: NAMESPACE };
  // Our own stub for `require` imports the built-in that it stands for.
  if (args.namespace === 'builtin') return { path: args.path, external: true };
  const attribute = Object.entries(args.with).find(([key, value]) => key !== 'type' || value !== 'json');
  if (attribute !== undefined)
    return refusal('IMPORT_ATTRIBUTE', `Forbidden import attribute: ${attribute.join(': ')}`);
  const kind = args.kind.startsWith('require') ? 'require' : 'import';
  const found = resolve({ specifier: args.path, importer: args.importer, kind });
  switch (found.kind) {
    case 'file':
      return treeFile(found.path, args, text);
    case 'builtin':
      return kind === 'require'
        ? { path: found.name, namespace: 'builtin' }
        : { path: `node:${found.name}`, external: true };
    case 'refused':
      return { path: found.name, namespace: 'refused' };
    case 'escape':
      return inDependency(args)
        ? absent(args.path)
        : refusal('BUNDLE_ESCAPES', `"${args.path}" leaves the plugin folder`);
    case 'package':
    case 'absent':
      return inDependency(args)
        ? absent(args.path)
        : refusal('BUNDLE_FAILED', `"${args.path}" is not in the plugin folder`);
  }
}

function treeFile(path: string, args: OnResolveArgs, text: (path: string) => string | undefined): OnResolveResult {
  if (args.with['type'] === 'json' && !path.endsWith('.json')) {
    return refusal('BUNDLE_FAILED', `"${args.path}" is imported as JSON and is no .json file`);
  }
  return { path, namespace: NAMESPACE, sideEffects: !isPure(path, text) };
}

/** A package that says of itself `"sideEffects": false`; what it does not use is left out. */
function isPure(path: string, text: (path: string) => string | undefined): boolean {
  if (!isDependency(path)) return false;
  for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
    const about = text(posix.join(folder, 'package.json'));
    if (about !== undefined && /"name"\s*:/.test(about)) return /"sideEffects"\s*:\s*false/.test(about);
  }
  return false;
}

function isDependency(path: string): boolean {
  return path.split('/').includes('node_modules');
}

function inDependency(args: OnResolveArgs): boolean {
  return args.namespace === NAMESPACE && isDependency(args.importer);
}

function absent(specifier: string): OnResolveResult {
  return { path: specifier, namespace: 'absent' };
}

function refusal(id: string, text: string): OnResolveResult {
  return { errors: [{ text, detail: id }] };
}

function readResult(
  result: BuildResult<{ write: false; metafile: true }>,
  asks: readonly string[] | undefined,
): BundleOutput {
  const module = result.outputFiles.find((file) => file.path.endsWith(OUTPUT));
  const sourceMap = result.outputFiles.find((file) => file.path.endsWith(`${OUTPUT}.map`));
  if (module === undefined || sourceMap === undefined) throw new Error('the bundler gave no output');
  const imports = Object.values(result.metafile.outputs).flatMap((output) => output.imports);
  const stray = imports.find(({ path }) => !path.startsWith('node:') || !isAllowedBuiltin(path, asks));
  if (stray !== undefined) {
    const message = `the bundle would import "${stray.path}"`;
    return { ok: false, findings: [finding('BUNDLE_ESCAPES', { path: 'plugin.json', line: null }, message)] };
  }
  return { ok: true, module: module.contents, sourceMap: Buffer.from(withPlainSources(sourceMap.text)) };
}

/** The bundler names a source by namespace and path; the map names it by its path in the plugin folder. */
function withPlainSources(text: string): string {
  const map = JSON.parse(text) as { sources: string[] }; // The bundler's own.
  return JSON.stringify({ ...map, sources: map.sources.map((source) => source.replace(/^tree:/, '')) });
}

function messagesOf(error: unknown): readonly Message[] | undefined {
  const errors = error instanceof Error && 'errors' in error ? error.errors : undefined;
  return Array.isArray(errors) && errors.length > 0 ? (errors as readonly Message[]) : undefined; // esbuild's BuildFailure.
}

function findingOf({ text, location, detail }: Message, entry: EntryModuleOptions): Finding {
  const file = location?.file.replace(/^tree:/, '') ?? 'plugin.json';
  const id = typeof detail === 'string' && /^[A-Z_]+$/.test(detail) ? detail : 'BUNDLE_FAILED';
  if (file !== ENTRY_PATH) return finding(id, { path: file, line: location?.line ?? null }, text);
  const point = entryPointAtLine(entry, location?.line ?? 0);
  if (point === undefined) return finding(id, { path: 'plugin.json#/main', line: null }, text);
  const message = `"./${point.module}#${point.exported}" names an export that the module does not have`;
  return finding(id, { path: `plugin.json#/entry_points/${point.group}/${point.name}`, line: null }, message);
}

function finding(id: string, at: { readonly path: string; readonly line: number | null }, message: string): Finding {
  return { id, severity: 'error', ...at, message, hint: 'Correct the import or the syntax at this place.' };
}
