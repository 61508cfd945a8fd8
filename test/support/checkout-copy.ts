/**
 * Copies of what a host needs to run, for tests that put it where it is not usually: below a folder that other users
 * cannot enter, or in reach of a user who cannot enter this checkout.
 */
import { copyFile, cp, link, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Ends with a slash. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = ['protocol', 'sdk', 'host'];

export type CheckoutCopy = {
  readonly root: string;
  /** The same Node as this one, below the same folder. */
  readonly node: string;
};

/** Copies the packages, what they import, the hostile plugins and the test support into a folder, with Node itself. */
export async function copyCheckout(root: string): Promise<CheckoutCopy> {
  await mkdir(join(root, 'node_modules', '@bulkhead'), { recursive: true });
  for (const name of PACKAGES) {
    await cp(join(ROOT, 'packages', name), join(root, 'packages', name), { recursive: true, verbatimSymlinks: true });
    await symlink(join('..', '..', 'packages', name), join(root, 'node_modules', '@bulkhead', name));
  }
  for (const name of ['fixtures', 'test', 'package.json'])
    await cp(join(ROOT, name), join(root, name), { recursive: true });
  const modules = new Set<string>();
  for (const name of PACKAGES) await collectModules(join(ROOT, 'packages', name), modules);
  for (const path of modules) await cp(join(ROOT, path), join(root, path), { recursive: true });
  const node = join(root, 'node');
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node)); // Another file system has no links.
  return { root, node };
}

type PackageJson = Readonly<
  Record<'dependencies' | 'optionalDependencies', Readonly<Record<string, string>> | undefined>
>;

/** Follows dependencies; optional ones are those of this machine that npm has installed. */
async function collectModules(from: string, modules: Set<string>): Promise<void> {
  const manifest = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as PackageJson;
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    if (name.startsWith('@bulkhead/')) continue;
    const path = await findModule(name, from);
    if (path === undefined || modules.has(path)) continue;
    modules.add(path);
    await collectModules(join(ROOT, path), modules);
  }
}

/** Looks where Node would: in each node_modules upwards. Returns the path below the checkout. */
async function findModule(name: string, from: string): Promise<string | undefined> {
  const folders = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  for (const folder of folders.filter((each) => each.startsWith(ROOT))) {
    const entries = await readdir(join(folder, dirname(name))).catch((): string[] => []);
    if (entries.includes(basename(name))) return join(folder, name).slice(ROOT.length);
  }
  return undefined;
}

/** Copies an installed package with all that it needs below another folder, where its imports find one another as they do here. */
export async function copyPackage(name: string, into: string): Promise<void> {
  const own = await findModule(name, ROOT);
  if (own === undefined) throw new Error(`${name} is not installed here`);
  const modules = new Set([own]);
  await collectModules(join(ROOT, own), modules);
  const isNested = (path: string): boolean => path.split('/node_modules/').length > 2;
  for (const path of [...modules].filter((one) => !isNested(`/${one}`))) {
    await cp(join(ROOT, path), join(into, path), { recursive: true, verbatimSymlinks: true });
  }
}
