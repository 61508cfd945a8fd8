/**
 * The author's own tests, with the author's own runner: files of node:test by this very Node, anything else by the `test`
 * script of package.json. They run as the user who typed, and not in a sandbox.
 */
import { spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isJsonObject } from '@bulkhead/protocol';

/** How they went; `output` is the end of what the runner said. */
export type OwnTests =
  | { readonly runner: 'node:test' | 'npm test'; readonly ok: boolean; readonly output: string }
  | { readonly runner: null; readonly ok: true; readonly output: string };

const TEST_FILE = /\.(?:test|spec)\.[cm]?[jt]s$/;
const OUTPUT_CHARACTERS_MAX = 30_000;
/** Tests that take longer are not those of one plugin folder. */
const TIMEOUT_MS = 120_000;

/** Runs the tests in DIR/tests. Where there are none, or nothing that runs them, that is said and is no failure. */
export async function runOwnTests(dir: string): Promise<OwnTests> {
  const files = await testFiles(dir);
  if (files.length === 0) return { runner: null, ok: true, output: 'it has no tests of its own in tests/' };
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const ofNode = files.filter((_, index) => /['"]node:test['"]/.test(texts[index] ?? ''));
  if (ofNode.length > 0) {
    const args = ['--import', suppliedSdk(), '--test', '--test-reporter=spec', ...ofNode];
    return { runner: 'node:test', ...(await run(dir, process.execPath, args)) };
  }
  if (await hasTestScript(dir)) return { runner: 'npm test', ...(await run(dir, 'npm', ['test', '--silent'])) };
  const output = 'nothing says how to run tests/: import node:test in them, or name a test script in package.json';
  return { runner: null, ok: true, output };
}

async function testFiles(dir: string): Promise<readonly string[]> {
  const entries = await readdir(join(dir, 'tests'), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && TEST_FILE.test(entry.name));
  return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
}

async function hasTestScript(dir: string): Promise<boolean> {
  const text = await readFile(join(dir, 'package.json'), 'utf8').catch(() => '{}');
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && isJsonObject(value['scripts']) && typeof value['scripts']['test'] === 'string';
  } catch {
    return false; // npm could not read it either.
  }
}

/** As the host does for a plugin, supplies `@bulkhead/sdk` to tests of a folder that has not installed it. */
function suppliedSdk(): string {
  const sdk = findPackageJSON('@bulkhead/sdk', import.meta.url);
  const dist = pathToFileURL(join(dirname(sdk ?? ''), 'dist')).href;
  const hook = `import { registerHooks } from 'node:module';
const supplied = { '@bulkhead/sdk': 'index.js', '@bulkhead/sdk/testing': 'testing.js' };
registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (!Object.hasOwn(supplied, specifier)) throw error;
      return next(${JSON.stringify(dist)} + '/' + supplied[specifier], context);
    }
  },
});`;
  return `data:text/javascript,${encodeURIComponent(hook)}`;
}

function run(cwd: string, command: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ ok: boolean; output: string }>();
  // A runner that was started by another one would report to that.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  let output = '';
  const add = (text: string): void => void (output = (output + text).slice(-OUTPUT_CHARACTERS_MAX));
  child.stdout.setEncoding('utf8').on('data', add);
  child.stderr.setEncoding('utf8').on('data', add);
  child.on('error', (error) => resolve({ ok: false, output: `${command} does not start: ${error.message}` }));
  child.on('close', (code, signal) => {
    const ended = signal === null ? '' : `\nended by ${signal} after at most ${TIMEOUT_MS} ms`;
    resolve({ ok: code === 0, output: `${output.trimEnd()}${ended}` });
  });
  return promise;
}
