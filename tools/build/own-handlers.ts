/**
 * Puts our plugins with task handlers beside the command, which is published without the folder `plugins`: each with the packages of ours
 * that it brings bundled in, so that it needs no node_modules there. The SDK is the host's to supply.
 */
import { cp, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

type EntryPoints = Readonly<Record<string, Readonly<Record<string, string>>>>;
type Manifest = { readonly main: string; readonly entry_points?: EntryPoints };

/** Papers that go with the code. */
const PAPERS = ['LICENSE', 'NOTICE', 'README.md'];

/** Bundles each into a folder of its name in the command's dist, and answers their names, sorted. */
export async function bundleHandlers(root: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const path of glob('plugins/*/plugin.json', { cwd: root })) {
    const manifest = JSON.parse(await readFile(join(root, path), 'utf8')) as Manifest; // Our own.
    if (manifest.entry_points?.['task_handlers'] === undefined) continue;
    const name = basename(dirname(path));
    await bundleHandler(manifest, { from: join(root, dirname(path)), to: join(root, 'packages/cli/dist', name) });
    names.push(name);
  }
  return names.toSorted();
}

type Places = { readonly from: string; readonly to: string };

async function bundleHandler(manifest: Manifest, { from, to }: Places): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  const targets = Object.values(manifest.entry_points ?? {}).flatMap((group) => Object.values(group));
  const modules = new Set([manifest.main, ...targets.map((target) => target.split('#')[0] ?? '')].map(normalized));
  await build({
    absWorkingDir: from,
    entryPoints: [...modules],
    outdir: to,
    outbase: from,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // What ends in .js in a dist is code of the package, and goes with its next build where that did not make it.
    outExtension: { '.js': '.mjs' },
    external: ['@bulkhead/sdk', '@bulkhead/sdk/*'],
    legalComments: 'none',
    logLevel: 'silent',
  });
  await writeFile(join(to, 'plugin.json'), `${JSON.stringify(builtManifest(manifest), null, 2)}\n`);
  for (const paper of PAPERS) await copyWhereThere(join(from, paper), join(to, paper));
}

function normalized(module: string): string {
  return module.replace(/^\.\//, '');
}

/** Modules are built ones here; the schema of an editor is not beside it. */
function builtManifest(manifest: Manifest): object {
  const fields = Object.fromEntries(Object.entries(manifest).filter(([name]) => name !== '$schema'));
  const built = (target: string): string => target.replace(/\.[cm]?[jt]s(?=#|$)/, '.mjs');
  const groups = Object.entries(manifest.entry_points ?? {}).map(([group, entries]) => [
    group,
    Object.fromEntries(Object.entries(entries).map(([name, target]) => [name, built(target)])),
  ]);
  return { ...fields, main: built(manifest.main), entry_points: Object.fromEntries(groups) as EntryPoints };
}

async function copyWhereThere(from: string, to: string): Promise<void> {
  await cp(from, to).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}
