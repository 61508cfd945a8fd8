/**
 * The built files that are started or handed over as one file, so that a sandbox needs to see no folder of ours:
 *
 *   packages/host/dist/guest.js     all that runs inside a sandbox beside the plugin   (from src/guest/main.ts)
 *   packages/host/dist/workshop.js  the process that reviews and bundles               (from src/workshop/main.ts)
 *   packages/sdk/dist/bundle.js     `@bulkhead/sdk` for a plugin folder without it     (from src/index.ts)
 *   packages/host/dist/launch.pl    the launcher that needs no compiler                (copied)
 *
 * Takes about 0.1 s, so the tests do it before every run. Types are not checked here.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions, stop } from 'esbuild';
import { writeIfChanged } from './write-if-changed.ts';

type Bundle = { readonly entry: string; readonly out: string; readonly external: readonly string[] };

const BUNDLES: readonly Bundle[] = [
  { entry: 'packages/host/src/guest/main.ts', out: 'packages/host/dist/guest.js', external: [] },
  {
    entry: 'packages/host/src/workshop/main.ts',
    out: 'packages/host/dist/workshop.js',
    // Both bring a native part that must stay in its package.
    external: ['esbuild', 'oxc-parser'],
  },
  { entry: 'packages/sdk/src/index.ts', out: 'packages/sdk/dist/bundle.js', external: [] },
];

const COPIES: readonly { readonly from: string; readonly to: string }[] = [
  { from: 'packages/host/src/sandbox/process/launch.pl', to: 'packages/host/dist/launch.pl' },
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
      ...BUNDLES.filter(isThere).map((bundle) => buildBundle(root, bundle)),
      ...COPIES.map(async ({ from, to }) => {
        const isWritten = await writeIfChanged(join(root, to), await readFile(join(root, from)));
        return isWritten ? to : undefined;
      }),
    ]);
    return written.filter((path) => path !== undefined);
  } finally {
    await stop(); // esbuild's service would outlive a test run, and the leak guard would say so.
  }
}

function isThere(bundle: Bundle): boolean {
  if (existsSync(bundle.entry)) return true;
  console.warn(`not built: ${bundle.entry} is not there yet`);
  return false;
}

async function buildBundle(root: string, bundle: Bundle): Promise<string | undefined> {
  const result = await build({
    ...SHARED,
    absWorkingDir: root,
    entryPoints: [bundle.entry],
    outfile: join(root, bundle.out),
    external: [...bundle.external],
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error(`esbuild made no file of ${bundle.entry}; expected one`);
  return (await writeIfChanged(join(root, bundle.out), file.contents)) ? bundle.out : undefined;
}
