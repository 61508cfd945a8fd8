/**
 * Type errors of a plugin folder, for `check`, `test` and `dev`: by the TypeScript compiler that is installed beside the command line; never by one of the
 * plugin's folder, which would be its code run outside of the sandbox. The compiler reads files and runs none.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire, findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isJsonObject, type Finding } from '@bulkhead/protocol';

/** The id of each finding. */
export const TYPE_ERROR = 'TYPE_ERROR';
/** The name under which plugins import it. */
const SDK_NAME = '@bulkhead/sdk';
const TIMEOUT_MS = 30_000;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
const FINDINGS_MAX = 100;

/**
 * Checks the folder's TypeScript.
 *
 * @returns undefined where nobody can know: no compiler is installed, the plugin is not of TypeScript, or it took too long.
 */
export async function findTypeErrors(dir: string, signal?: AbortSignal): Promise<readonly Finding[] | undefined> {
  const compiler = findCompiler();
  const main = await mainOf(dir);
  if (compiler === undefined || main === undefined || !/\.[cm]?ts$/.test(main)) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-types-'));
  try {
    const config = join(folder, 'tsconfig.json');
    await writeFile(config, JSON.stringify(configOf(dir, main)));
    const command = [...compiler, '--project', config, '--pretty', 'false'];
    const output = await run(command, { cwd: dir, signal });
    return output === undefined ? undefined : parseOutput(dir, output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** File and first arguments: the program for this machine, which the package's script would start a process later. */
function findCompiler(): readonly [string, ...string[]] | undefined {
  try {
    const described = createRequire(import.meta.url).resolve('typescript/package.json');
    const native = nativeCompiler(described);
    // On one core, so that what reads and loads the plugin meanwhile has another.
    return native === undefined
      ? [process.execPath, join(dirname(described), 'bin/tsc')]
      : [native, '--singleThreaded'];
  } catch {
    return undefined; // It is an optional companion.
  }
}

/** Undefined where the installed compiler is laid out otherwise, as another version's may be. */
function nativeCompiler(described: string): string | undefined {
  const machine = findPackageJSON(`@typescript/typescript-${process.platform}-${process.arch}`, described);
  const file =
    machine === undefined ? '' : join(dirname(machine), 'lib', process.platform === 'win32' ? 'tsc.exe' : 'tsc');
  return existsSync(file) ? file : undefined;
}

const MAINS = ['main.ts', 'index.ts', 'index.mts'];

async function mainOf(dir: string): Promise<string | undefined> {
  const text = await readFile(join(dir, 'plugin.json'), 'utf8').catch(() => '');
  const named = namedMain(text);
  return named ?? MAINS.find((name) => existsSync(join(dir, name)));
}

function namedMain(text: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(text);
    return isJsonObject(manifest) && typeof manifest['main'] === 'string' ? manifest['main'] : undefined;
  } catch {
    return undefined; // The load tells what is wrong with it.
  }
}

/**
 * The author's own settings where there are any; never one that writes files. Who has none has not asked for strictness, and is
 * told what is wrong whatever one thinks of `any`.
 */
function configOf(dir: string, main: string): object {
  const own = join(dir, 'tsconfig.json');
  const sdk = existsSync(join(dir, 'node_modules', SDK_NAME)) ? undefined : suppliedSdk();
  const always = {
    noEmit: true,
    composite: false,
    incremental: false,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    ...(sdk !== undefined && {
      paths: { [SDK_NAME]: [sdk], [`${SDK_NAME}/*`]: [join(dirname(sdk), '*/index.d.ts')] },
    }),
  };
  if (existsSync(own)) return { extends: own, compilerOptions: always, files: [join(dir, main)] };
  // As it is bundled: a folder needs no package.json to be made of modules.
  const usual = { target: 'esnext', module: 'preserve', strict: false, ...libraries() };
  return { compilerOptions: { ...usual, ...always }, files: [join(dir, main)] };
}

/** A plugin runs in Node; where its types are not installed, those of a browser know `fetch` and timers at least. */
function libraries(): object {
  const described = nodeTypes();
  if (described === undefined) return { lib: ['esnext', 'dom'], types: [] };
  return { lib: ['esnext'], types: ['node'], typeRoots: [dirname(dirname(described))] };
}

function nodeTypes(): string | undefined {
  try {
    return findPackageJSON('@types/node', import.meta.url);
  } catch {
    return undefined; // Not installed beside the command line.
  }
}

/** The host supplies the SDK to a folder that has not installed it, so the compiler is shown the same one. */
function suppliedSdk(): string | undefined {
  const host = findPackageJSON('@bulkhead/host', import.meta.url);
  const described = host === undefined ? undefined : findPackageJSON(SDK_NAME, host);
  const types = described === undefined ? undefined : join(dirname(described), 'dist/index.d.ts');
  return types !== undefined && existsSync(types) ? types : undefined;
}

/** The compiler is a Go program that ends soon: it collects garbage only where it has become large. */
const COMPILER_ENV = { GOGC: 'off', GOMEMLIMIT: '512MiB' };

function run(
  [file = '', ...args]: readonly string[],
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal | undefined },
): Promise<string | undefined> {
  const env = { ...process.env, ...COMPILER_ENV };
  const options = { cwd, env, signal, timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
  return new Promise((done) => {
    execFile(file, args, options, (error, stdout) => {
      const isKilled = error !== null && (error.killed === true || error.code === 'ABORT_ERR');
      done(isKilled ? undefined : stdout);
    });
  });
}

/** Such as `src/main.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.` */
const LINE = /^(.+?)\((\d+),\d+\): error (TS\d+): (.+)$/;
/** What names of Node and of packages are is known only where their types are installed; the load tells what is missing. */
const UNKNOWN_MODULES = ['TS2307', 'TS7016', 'TS2580', 'TS2591', 'TS2792'];

function parseOutput(dir: string, output: string): readonly Finding[] {
  const found = output.split('\n').flatMap((text): Finding[] => {
    const [, file = '', line = '', code = '', message = ''] = LINE.exec(text) ?? [];
    if (code === '' || UNKNOWN_MODULES.includes(code)) return [];
    const path = relative(dir, isAbsolute(file) ? file : resolve(dir, file)).replaceAll(sep, '/');
    if (path.startsWith('..') || path.includes('node_modules/')) return [];
    const hint = 'Correct it at this line; types are stripped, so the plugin runs as it is written.';
    return [{ id: TYPE_ERROR, severity: 'error', path, line: Number(line), message: `${code}: ${message}`, hint }];
  });
  return found.slice(0, FINDINGS_MAX);
}
