/**
 * The built files. Most are started or handed over as one file, so that a sandbox needs to see no folder of ours:
 *
 *   packages/host/dist/guest.cjs        all that runs inside a sandbox beside the plugin
 *   packages/host/dist/debug-guest.cjs  the same for `bulkhead debug DIR`, with the inspector's thread
 *   packages/host/dist/probe.js         the self-test's plugin, which attempts what must be refused
 *   packages/host/dist/workshop.js      the process that reviews and bundles
 *   packages/host/dist/launch.pl        the launcher that needs no compiler; copied as it is
 *   packages/host/dist/online.pl        starts MCP servers that have a proxy; copied as it is
 *   packages/host/dist/stopwatch.pl     runs one command of a plugin and measures it; copied as it is
 *   packages/host/dist/watchman.pl      ends guests when their host is gone; copied as it is
 *   packages/sdk/dist/bundle.js         `@bulkhead/sdk`, for plugin folders that have not installed it
 *   packages/sdk/dist/ai-bundle.js      `@bulkhead/sdk/ai`, for the same
 *   packages/sdk/dist/mcp-bundle.js     `@bulkhead/sdk/mcp`, for the same, with the official client in it
 *   packages/evolve/dist/edits/index.js `@bulkhead/evolve/edits`, which runs in sandboxes, with all that it needs in it
 *   packages/store/dist/cluster.zst     the files of a new embedded database, see cluster.ts
 *   packages/NAME/dist/*.js             what others import of a package, see package-code.ts
 *
 * Takes about half a second, so the tests do it before every run. Types are not checked here.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions, type Metafile, stop } from 'esbuild';
import { buildCluster } from './cluster.ts';
import { buildPackageCode, packageBuilds } from './package-code.ts';
import { writeIfChanged } from './write-if-changed.ts';

type Bundle = {
  readonly entry: string;
  readonly out: string;
  readonly banner?: string;
  readonly format?: 'cjs';
  readonly conditions?: readonly string[];
  /** True where packages are taken as they are made for a browser: without a built-in module that no sandbox has. */
  readonly isPortable?: true;
};

/** What CommonJS packages expect around them, for those that are bundled into an ES module. */
const COMMONJS_NAMES = [
  `import { createRequire as bannerCreateRequire } from 'node:module';`,
  'const require = bannerCreateRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join('\n');

const BUNDLES: readonly Bundle[] = [
  // CommonJS boots 4 ms sooner than an ES module: Node builds its module loader after the first line, not before.
  { entry: 'packages/host/src/guest/main.ts', out: 'packages/host/dist/guest.cjs', format: 'cjs' },
  { entry: 'packages/host/src/guest/debug-main.ts', out: 'packages/host/dist/debug-guest.cjs', format: 'cjs' },
  { entry: 'packages/host/src/self-test/main.ts', out: 'packages/host/dist/probe.js' },
  {
    entry: 'packages/host/src/workshop/main.ts',
    out: 'packages/host/dist/workshop.js',
    // esbuild and oxc-parser are bundled too: the host tells the workshop where their native files are, so that its
    // sandbox shows two files instead of node_modules.
    banner: COMMONJS_NAMES,
  },
  { entry: 'packages/sdk/src/index.ts', out: 'packages/sdk/dist/bundle.js' },
  { entry: 'packages/sdk/src/ai/index.ts', out: 'packages/sdk/dist/ai-bundle.js' },
  {
    entry: 'packages/sdk/src/mcp/index.ts',
    out: 'packages/sdk/dist/mcp-bundle.js',
    // The client's own choice where no code may be made of text; for Node it brings a validator that makes some.
    conditions: ['workerd'],
  },
  // All in one: of the protocol's built file, a plugin would get every schema that there is.
  {
    entry: 'packages/evolve/src/edits/index.ts',
    out: 'packages/evolve/dist/edits/index.js',
    isPortable: true,
  },
];

const COPIES: readonly { readonly from: string; readonly to: string }[] = [
  { from: 'packages/host/src/sandbox/process/launch.pl', to: 'packages/host/dist/launch.pl' },
  { from: 'packages/host/src/sandbox/stdio/online.pl', to: 'packages/host/dist/online.pl' },
  { from: 'packages/host/src/commands/stopwatch.pl', to: 'packages/host/dist/stopwatch.pl' },
  { from: 'packages/host/src/sandbox/process/watchman.pl', to: 'packages/host/dist/watchman.pl' },
];

const SHARED = {
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Workspace packages from their sources: no dist needs to be there first.
  conditions: ['source'],
  // Names stay, because they are read in stacks; only space and redundant syntax go.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;

/**
 * Builds every bundle below the repository root and answers the paths whose bytes changed. Same sources, same bytes.
 *
 * @throws esbuild's BuildFailure, with file and line, where a source does not bundle.
 */
export async function buildBundles(root: string): Promise<readonly string[]> {
  try {
    const written = await Promise.all([
      ...BUNDLES.map((bundle) => buildBundle(root, bundle)),
      ...COPIES.map(async ({ from, to }) => {
        const isWritten = await writeIfChanged(join(root, to), await readFile(join(root, from)));
        return isWritten ? to : undefined;
      }),
    ]);
    const kept = [...BUNDLES.map(({ out }) => out), ...COPIES.map(({ to }) => to)];
    return [
      ...written.filter((path) => path !== undefined),
      ...(await buildPackageCode(root, kept)),
      ...(await buildCluster(root)),
    ];
  } finally {
    await stop(); // esbuild's service would outlive a test run, and the leak guard would say so.
  }
}

/**
 * Lists, for each folder of a package, the packages of others whose code stands in its built files, so that its NOTICE can
 * name them. Writes nothing.
 */
export async function bundledPackages(root: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const started = BUNDLES.map((bundle) => [folderOf(bundle.out), optionsOf(root, bundle)] as const);
  try {
    const builds = [...started, ...packageBuilds(root)];
    const named = await Promise.all(builds.map(async ([folder, options]) => [folder, await namesIn(options)] as const));
    const byFolder = Map.groupBy(named, ([folder]) => folder);
    return new Map(
      [...byFolder].map(([folder, found]) => [folder, [...new Set(found.flatMap(([, names]) => names))].toSorted()]),
    );
  } finally {
    await stop();
  }
}

/** The package's folder of a path such as `packages/host/dist/guest.cjs`. */
function folderOf(path: string): string {
  return path.slice(0, path.indexOf('/dist/'));
}

async function namesIn(options: BuildOptions): Promise<readonly string[]> {
  const { metafile } = await build({ ...options, metafile: true });
  const inputs = Object.values(metafile.outputs).flatMap((file) => usedInputs(file));
  return inputs.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
}

/** Inputs of which something was kept: what was wholly shaken off is not shipped. */
function usedInputs(file: Metafile['outputs'][string]): readonly string[] {
  return Object.entries(file.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
}

async function buildBundle(root: string, bundle: Bundle): Promise<string | undefined> {
  const result = await build(optionsOf(root, bundle));
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error(`esbuild made no file of ${bundle.entry}; expected one`);
  return (await writeIfChanged(join(root, bundle.out), file.contents)) ? bundle.out : undefined;
}

function optionsOf(
  root: string,
  bundle: Bundle,
): Omit<typeof SHARED, 'format' | 'conditions' | 'platform'> & BuildOptions {
  return {
    ...SHARED,
    absWorkingDir: root,
    entryPoints: [bundle.entry],
    outfile: join(root, bundle.out),
    conditions: [...SHARED.conditions, ...(bundle.conditions ?? [])],
    ...(bundle.format === undefined ? {} : { format: bundle.format }),
    ...(bundle.isPortable === true ? { platform: 'browser', external: ['node:*'] } : {}),
    ...(bundle.banner === undefined ? {} : { banner: { js: bundle.banner } }),
  };
}
