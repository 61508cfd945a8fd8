/**
 * The command line as its users start it: the real bin in a process of its own, for the tests beside this file.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runVerb } from './main.ts';
import { openTerminal } from './terminal.ts';

/** Root of the repository. */
export const REPOSITORY = join(import.meta.dirname, '../../..');
const BIN = join(REPOSITORY, 'packages/cli/bin/bulkhead.js');

/** How a process ended. */
export type Ended = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Where and with what the command line runs; `nodeArgs` go before the bin. Standard input is closed unless it is a pipe. */
export type Surroundings = {
  readonly stdin?: 'pipe';
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** Runs what was built, as users do; false is for what only the sources tell. Every test run builds first. */
  readonly isBuilt?: boolean;
};

/** A process that runs; `stdout` and `stderr` are what has come so far. */
export type Running = {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
};

/** Starts the command line; the caller waits for its end or kills it. */
export function start(args: readonly string[], surroundings: Surroundings = {}): Running {
  const { cwd = REPOSITORY, env = {}, nodeArgs = [], stdin = 'ignore', isBuilt = true } = surroundings;
  const conditions = isBuilt ? [] : ['--conditions=source'];
  const child = spawn(process.execPath, [...nodeArgs, ...conditions, BIN, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Runs the command line to its end. */
export function run(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  return start(args, surroundings).ended;
}

/**
 * Runs a verb in this process, which takes milliseconds instead of half a second: for verbs that ask a server, and read
 * neither the environment nor standard input.
 */
export async function runHere(args: readonly string[]): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  const terminal = openTerminal({
    stdout: {
      write: (text, didWrite) => {
        stdout += String(text);
        didWrite?.();
      },
    },
    stderr: { write: (text) => (stderr += text) },
    env: {},
  });
  const code = await runVerb(args, terminal);
  return { code, signal: null, stdout, stderr };
}

/** Asks a server by verbs in this process, with this token unless another is given. */
export function verbsOf(url: string, ownToken: string): (line: string, token?: string) => Promise<Ended> {
  return (line, token = ownToken) => runHere([...line.split(' '), '--server', url, '--token', token]);
}

/** The ready event of `serve --json`. */
export type ReadyEvent = {
  readonly event: 'ready';
  readonly url: string;
  readonly token_file: string | null;
  readonly refused: readonly { readonly name: string; readonly path: string; readonly code: string }[];
};

/** A server that was started by the command line; disposing it sends SIGTERM and waits. */
export type Served = AsyncDisposable & Running & { readonly ready: ReadyEvent };

/** Starts `serve --json` on a free port and waits until it is ready. */
export async function serve(args: readonly string[], surroundings: Surroundings = {}): Promise<Served> {
  const running = start(['serve', '--port', '0', '--json', ...args], surroundings);
  const { child, ended } = running;
  const { promise: line, resolve } = Promise.withResolvers<string>();
  child.stdout?.on('data', () => {
    if (running.stdout().includes('\n')) resolve(running.stdout());
  });
  const first = await Promise.race([line, ended]);
  if (typeof first !== 'string') throw new Error(`serve ended with ${first.code} before it was ready: ${first.stderr}`);
  const dispose = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { ...running, ready: JSON.parse(first) as ReadyEvent, [Symbol.asyncDispose]: dispose }; // Its form is tested.
}

/** A folder that is removed with the handle. */
export type Folder = AsyncDisposable & { readonly path: string };

/** Makes a folder for one test. */
export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'bulkhead-cli-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** What a test's plugin is: its folder's parent, its name, its code, and fields of its manifest. */
export type PluginSource = { readonly name: string; readonly main: string; readonly manifest?: object };

/** Writes a plugin of one JavaScript file into a folder; returns the plugin's own folder. */
export async function writePlugin(parent: string, { name, main, manifest = {} }: PluginSource): Promise<string> {
  const dir = join(parent, name);
  await mkdir(dir, { recursive: true });
  const fields = { name, version: '1.0.0', description: `${name}.`, author: 'A test', ...manifest };
  await writeFile(join(dir, 'plugin.json'), JSON.stringify(fields));
  await writeFile(join(dir, 'main.js'), main);
  return dir;
}

/** Code of a plugin whose one tool answers a value. */
export function answering(value: unknown): string {
  return `export default { tools: [{ name: 'answer', description: 'Answers.', parameters: { type: 'object' },
  execute: () => (${JSON.stringify(value)}) }] };`;
}
