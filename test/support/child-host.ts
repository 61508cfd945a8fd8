/**
 * Starts host-script.ts as a child and reads its lines. One that serves closes its host when its stdin ends; any other
 * is killed by its handle.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostRequest } from './host-script.ts';

export type ChildHost = AsyncDisposable & {
  readonly child: ChildProcess;
  /** Writes one line to the script's stdin and returns its answer. */
  readonly ask: (line: object) => Promise<Readonly<Record<string, unknown>>>;
  /** Next line that the script wrote; rejects with what it wrote to stderr where it ends first. */
  readonly line: () => Promise<Readonly<Record<string, unknown>>>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Ends it as nothing can be prevented from ending. */
  readonly kill: () => Promise<void>;
};

export type ChildOptions = {
  /** Put before Node, such as `setpriv` or `prlimit` with their options. */
  readonly through?: readonly string[];
  /** Another checkout's root and Node. */
  readonly checkout?: { readonly root: string; readonly node: string };
};

const OWN = { root: fileURLToPath(new URL('../..', import.meta.url)), node: process.execPath };

/** Starts the script with one request. */
export function startHost(request: HostRequest, { through = [], checkout = OWN }: ChildOptions = {}): ChildHost {
  const script = `${checkout.root.replace(/\/$/, '')}/test/support/host-script.ts`;
  const [file, ...args] = [...through, checkout.node, '--conditions=source', '--no-warnings', script];
  const child = spawn(file, [...args, JSON.stringify(request)], { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(-4_000)));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<Readonly<Record<string, unknown>>> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the host ended: ${JSON.stringify(await ended)} ${complaint}`);
    return JSON.parse(value) as Readonly<Record<string, unknown>>; // Objects are all that the script writes.
  };
  const ask = (question: object): ReturnType<typeof line> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return line();
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  const dispose = async (): Promise<void> => {
    child.stdin.end();
    await (request.verb === 'serve' ? ended : kill());
  };
  return { child, ask, line, ended, kill, [Symbol.asyncDispose]: dispose };
}
