/**
 * Keeps package-lock.json whole. Where a registry lacks the binary of some platform, npm leaves that platform out of the
 * lock, and `npm ci` then refuses the lock everywhere, even where the platform is not wanted. The missing entry needs no
 * more than version and platform: npm fetches it only on that platform.
 */
import type { TidyFinding, Tree } from './tree.ts';

/** What the lock says of one package, as far as it is read here. */
export type LockedPackage = {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

/** package-lock.json, version 3: packages by their path. */
export type Lock = { readonly packages: Readonly<Record<string, LockedPackage>> };

const SYSTEMS: Readonly<Record<string, string>> = { windows: 'win32' };
const SYSTEM = /(?:^|[-/])(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|windows)(?=-|$)/;
const PROCESSOR = /-(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)(?=-|$)/;
const LIBRARIES: readonly (readonly [RegExp, string])[] = [
  [/-gnu$/, 'glibc'],
  [/-musl$/, 'musl'],
];

/** Finds optional packages that the lock leaves out. */
export function checkLock(tree: Tree): readonly TidyFinding[] {
  const lock = JSON.parse(tree.get('package-lock.json') ?? '{"packages":{}}') as Lock; // npm refuses any other shape.
  return Object.keys(missingPackages(lock)).map((path) => ({
    path: 'package-lock.json',
    line: 1,
    message: `${path} is left out, so that \`npm ci\` refuses the lock; run \`npm run lock:complete\``,
  }));
}

/** Returns the lock with every optional package that it left out, packages in npm's order. */
export function completeLock(lock: Lock): Lock {
  const all = { ...lock.packages, ...missingPackages(lock) };
  const paths = Object.keys(all).toSorted((a, b) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(paths.map((path) => [path, all[path] ?? {}])) };
}

function missingPackages(lock: Lock): Readonly<Record<string, LockedPackage>> {
  const missing = Object.entries(lock.packages).flatMap(([path, parent]) =>
    Object.entries(parent.optionalDependencies ?? {})
      .filter(([name, version]) => /^\d/.test(version) && !isLocked(lock, path, name))
      .map(([name, version]) => [`${folderOf(path)}${name}`, entryOf(name, { version, isDev: parent.dev === true })]),
  );
  return Object.fromEntries(missing) as Record<string, LockedPackage>; // fromEntries forgets the values' type.
}

/** Looks where Node would: beside and above the package that asks. */
function isLocked(lock: Lock, path: string, name: string): boolean {
  const parts = path.split(/(?<=node_modules\/)/);
  const folders = parts
    .map((_, index) => parts.slice(0, index + 1).join(''))
    .filter((each) => each.endsWith('node_modules/'));
  return [`${path}/node_modules/`, ...folders].some((folder) => `${folder}${name}` in lock.packages);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function entryOf(name: string, { version, isDev }: { version: string; isDev: boolean }): LockedPackage {
  const system = SYSTEM.exec(name)?.[1];
  const processor = PROCESSOR.exec(name)?.[1];
  if (system === undefined || processor === undefined) {
    throw new Error(`package "${name}" is left out of the lock; expected a name that says system and processor`);
  }
  const library = LIBRARIES.find(([ending]) => ending.test(name))?.[1];
  return {
    version,
    cpu: [processor],
    ...(isDev ? { dev: true } : {}),
    ...(system === 'linux' && library !== undefined ? { libc: [library] } : {}),
    optional: true,
    os: [SYSTEMS[system] ?? system],
  };
}
