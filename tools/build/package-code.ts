/**
 * The JavaScript of each package's dist: its entry points and the chunks that they share. What costs at a start is the number of
 * modules, not their size (ADR 23), so a few packages of others are bundled in, too. Declarations are the
 * compiler's (packages.ts), and so is the SDK, which a plugin's own bundle takes apart by its modules.
 */
import { readFileSync } from 'node:fs';
import { glob, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { writeIfChanged } from './write-if-changed.ts';

type PackageCode = {
  readonly name: string;
  /** Packages that are bundled in: each is many modules, and has no state that a second copy in a process would split. */
  readonly inlined?: readonly string[];
  /** What is started by its file, beside what package.json exports. */
  readonly started?: Readonly<Record<string, string>>;
  /** What it exports and bundles.ts builds, by its path in dist without the ending. */
  readonly apart?: readonly string[];
};

/** The packages that are built so. */
const PACKAGES: readonly PackageCode[] = [
  { name: 'protocol', inlined: ['typebox'] },
  { name: 'host', inlined: ['semver', 'ajv', 'ajv-formats', 'fast-deep-equal', 'fast-uri', 'json-schema-traverse'] },
  { name: 'guard' },
  { name: 'evolve', apart: ['edits/index'] },
  { name: 'store', started: { 'pglite-thread': 'src/engine/pglite-thread.ts' } },
  { name: 'server', inlined: ['typebox'] },
  // Of the protocol most verbs need a few words, and not what reads a manifest.
  { name: 'cli', inlined: ['@bulkhead/protocol', 'commander', 'fastest-levenshtein', 'picocolors'] },
];

const SHARED = {
  bundle: true,
  splitting: true,
  write: false,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  // Stacks lead to src, which is in the package, where Node is asked to (`--enable-source-maps`).
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;

/** Lists the builds, by the package's folder below the root. */
export function packageBuilds(root: string): ReadonlyMap<string, BuildOptions> {
  return new Map(
    PACKAGES.map(({ name, inlined = [], started = {}, apart = [] }) => {
      const folder = `packages/${name}`;
      const at = join(root, folder);
      const entryPoints = { ...exportedEntries(at, apart), ...started };
      const options = {
        ...SHARED,
        absWorkingDir: at,
        entryPoints,
        outdir: join(at, 'dist'),
        plugins: [othersStayOut(new Set(inlined))],
      };
      return [folder, options];
    }),
  );
}

/**
 * Builds all of them and answers the paths whose bytes changed. Code in a dist that nobody built is removed: a chunk has its
 * digest in its name, so every change would leave one behind. `kept` are built files of others, below the root.
 */
export async function buildPackageCode(root: string, kept: readonly string[]): Promise<readonly string[]> {
  const changed = await Promise.all(
    [...packageBuilds(root)].map(async ([folder, options]) => {
      const { outputFiles = [] } = await build(options);
      const files = outputFiles.map(({ path, contents }) => ({ path: relative(root, path), contents }));
      const written = files.map(async (file) =>
        (await writeIfChanged(join(root, file.path), file.contents)) ? [file.path] : [],
      );
      const changedHere = (await Promise.all(written)).flat();
      await removeOthers(root, folder, new Set([...files.map(({ path }) => path), ...kept]));
      return changedHere;
    }),
  );
  return changed.flat();
}

async function removeOthers(root: string, folder: string, ours: ReadonlySet<string>): Promise<void> {
  for await (const path of glob(`${folder}/dist/**/*.{js,cjs,pl,map}`, { cwd: root })) {
    if (!ours.has(path)) await rm(join(root, path), { force: true });
  }
}

type Exports = Readonly<Record<string, string | { readonly source: string; readonly default: string }>>;

/** What package.json exports: from which source, to which file of dist. */
function exportedEntries(at: string, apart: readonly string[]): Readonly<Record<string, string>> {
  const { exports } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { readonly exports: Exports }; // Our own.
  const entries = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [entry]));
  const named = entries.map((entry) => [relative('dist', entry.default).replace(/\.js$/, ''), entry.source] as const);
  return Object.fromEntries(named.filter(([name]) => !apart.includes(name)));
}

function othersStayOut(inlined: ReadonlySet<string>): Plugin {
  return {
    name: 'others-stay-out',
    setup: (resolver) => {
      resolver.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        const [name = path] = /^(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
        return kind === 'entry-point' || inlined.has(name) ? undefined : { path, external: true };
      });
    },
  };
}
