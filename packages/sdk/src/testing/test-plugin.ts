/**
 * `@bulkhead/sdk/testing`: the contract tests of a plugin, with its author's own runner. What they find is found by the
 * `bulkhead` command in the real sandbox (ADR 16); here it only becomes tests, one for each contract. Not for use in plugins.
 */
import { contractTests, type ContractOutcome } from '@bulkhead/protocol';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Registers one test, as `test` of vitest, jest and node:test and `it` of mocha do. */
export type RegisterTest = (title: string, run: () => Promise<void>, timeoutMs: number) => unknown;

/** What the tests are registered with; found by itself where the runner has globals, and with node:test. */
export type TestPluginOptions = {
  /** `test` or `it` of the runner. */
  readonly test?: RegisterTest;
  /** `describe` of the runner; without it the tests stand by themselves. */
  readonly describe?: (title: string, define: () => void) => unknown;
  /** The `bulkhead` command's JavaScript file; found in node_modules where it is left out. */
  readonly bin?: string;
  /** A cassette of HTTP that was recorded, as a path or a file URL: what the plugin fetches is answered from it, and nothing goes out. */
  readonly cassette?: string | URL;
};

/** Longest that all of them may take: a plugin that hangs is waited for 10 s. */
const TIMEOUT_MS = 60_000;

/**
 * Registers the contract tests of a plugin folder: it loads, its metadata equals plugin.json, bad input is an outcome, the
 * server survives (F001-40), its cleanup leaves nothing, and each entry point keeps the contract of its kind.
 *
 * @param dir - The plugin's folder, as a path or a file URL such as `new URL('..', import.meta.url)`.
 * @throws {Error} where no runner is found, or no `bulkhead` command; says what to pass or to install.
 */
export function testPlugin(dir: string | URL, options: TestPluginOptions = {}): void {
  const folder = typeof dir === 'string' ? resolve(dir) : fileURLToPath(dir);
  const runner = options.test === undefined ? findRunner() : { describe: undefined, ...options, test: options.test };
  const command = [options.bin ?? findCommand(folder), 'test', folder, '--contracts', '--json', ...replaying(options)];
  let running: Promise<readonly ContractOutcome[]> | undefined;
  const define = (): void => {
    for (const { id, title } of contractTests(readManifest(folder))) {
      const run = async (): Promise<void> => {
        running ??= runCommand(command);
        assertKept((await running).find((outcome) => outcome.id === id));
      };
      giveTime(runner.test(title, run, TIMEOUT_MS));
    }
  };
  if (runner.describe === undefined) define();
  else runner.describe(`the plugin in ${folder}`, define);
}

/** mocha heeds no third argument: what its `it` gives back has a method for it. Of its own it waits for 2 s. */
function giveTime(registered: unknown): void {
  const { timeout } = Object(registered) as { readonly timeout?: unknown };
  if (typeof timeout === 'function') Reflect.apply(timeout, registered, [TIMEOUT_MS]);
}

function assertKept(outcome: ContractOutcome | undefined): void {
  if (outcome === undefined) throw new Error('bulkhead did not run this test: it is of another version than the SDK');
  if (outcome.ok) return;
  const { path, line, message, hint } = outcome;
  throw new Error(`${path}${line === null ? '' : `:${line}`}: ${message}\n${hint}`);
}

/** What is wrong with a manifest the first test says, so that here it only has none. */
function readManifest(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, 'plugin.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

type Runner = { readonly test: RegisterTest; readonly describe: TestPluginOptions['describe'] | undefined };

/** jest, mocha and vitest with `globals` have them; node:test is there wherever it runs. */
function findRunner(): Runner {
  const { test, it, describe } = globalThis as {
    test?: RegisterTest;
    it?: RegisterTest;
    describe?: Runner['describe'];
  };
  const register = test ?? it;
  if (register !== undefined) return { test: register, describe };
  if (process.env['NODE_TEST_CONTEXT'] === undefined && !process.execArgv.includes('--test')) {
    throw new Error('no test runner is found; pass its functions: testPlugin(dir, { test, describe })');
  }
  const node = process.getBuiltinModule('node:test');
  return {
    test: (title, run, timeout) => void node.test(title, { timeout }, run),
    describe: (title, define) => void node.describe(title, define),
  };
}

/** The command of the plugin's own node_modules, or of a folder above; else the one beside this SDK. */
function findCommand(folder: string): string {
  for (const start of [folder, import.meta.dirname]) {
    for (let at = start; at !== dirname(at); at = dirname(at)) {
      const bin = join(at, 'node_modules/bulkhead/bin/bulkhead.js');
      if (existsSync(bin)) return bin;
    }
  }
  throw new Error(`no bulkhead command is installed for ${folder}; install it: npm install --save-dev bulkhead`);
}

function replaying({ cassette }: TestPluginOptions): readonly string[] {
  if (cassette === undefined) return [];
  return ['--backend', `cassette:${typeof cassette === 'string' ? resolve(cassette) : fileURLToPath(cassette)}`];
}

function runCommand(args: readonly string[]): Promise<readonly ContractOutcome[]> {
  const { promise, resolve: settle, reject } = Promise.withResolvers<readonly ContractOutcome[]>();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.on('error', reject);
  child.on('close', (code) => {
    try {
      settle((JSON.parse(stdout) as { contracts: readonly ContractOutcome[] }).contracts); // What the command prints.
    } catch {
      reject(new Error(`bulkhead test ended with ${code} and no report: ${stderr.slice(-2_000)}`));
    }
  });
  return promise;
}
