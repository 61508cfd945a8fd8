/**
 * One container while it lives: starts it through the `docker` command, speaks the protocol of container-runner.ts with it, and ends it.
 *
 * C1: Only a line that begins with the nonce is a frame; what else is printed is thrown away.
 * C2: Whoever waits is always answered: when the container ends, too.
 * C3: `end` takes the container away by its name, which is its identity at the daemon; that the client ends does not end a container.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import type { StartTimer } from '@bulkhead/host';

/** How a container is started. */
export type ContainerStart = {
  /** The docker command, and the arguments that run the container. */
  readonly command: string;
  readonly args: readonly string[];
  readonly name: string;
  readonly nonce: string;
  /** Told first; the nonce is added. */
  readonly hello: Readonly<Record<string, unknown>>;
  readonly frameBytesMax: number;
  readonly startTimer: StartTimer;
};

/** What comes back for a line: a frame, or that the container ended. `code` is null where a signal ended the client. */
export type ContainerReply =
  | { readonly kind: 'frame'; readonly frame: Readonly<Record<string, unknown>> }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'gone'; readonly code: number | null; readonly stderr: string; readonly isMissing: boolean };

/** A container; one line at a time. */
export type Container = {
  /** Resolves once it is there, or is gone. */
  readonly ready: Promise<ContainerReply>;
  readonly ask: (line: Readonly<Record<string, unknown>>) => Promise<ContainerReply>;
  /** Takes it away, and resolves once its client has ended. Safe to call twice. */
  readonly end: () => Promise<void>;
};

const STDERR_CHARACTERS_MAX = 4_000;
/** A daemon that does not take a container away within this is left alone. */
const KILL_MS_MAX = 5_000;
/** One that is about to begin is asked for again after this. */
const KILL_AGAIN_MS = 100;

/** Starts one; never throws. */
export function startContainer(start: ContainerStart): Container {
  const client = spawn(start.command, start.args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting: ((reply: ContainerReply) => void)[] = [];
  let gone: ContainerReply | undefined;
  const reply = (what: ContainerReply): void => waiting.shift()?.(what);
  readFrames(client, start, reply);
  const ended = whenEnded(client).then((what) => {
    gone = what;
    for (const resolve of waiting.splice(0)) resolve(what); // C2
  });
  const next = (): Promise<ContainerReply> =>
    gone === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(gone);
  const write = (line: object): void => void client.stdin?.write(`${JSON.stringify(line)}\n`);
  client.stdin?.on('error', () => undefined); // That it is gone is told by its end.
  const ready = next();
  write({ nonce: start.nonce, ...start.hello });
  let ending: Promise<void> | undefined;
  return {
    ready,
    ask: (line) => {
      const answer = next();
      write(line);
      return answer;
    },
    end: () => (ending ??= endClient(client, start, ended)),
  };
}

/** Asks it to leave by ending its input, kills it by name, and at last lets go of the client (C3). */
async function endClient(
  client: ChildProcess,
  { command, name, startTimer }: ContainerStart,
  ended: Promise<void>,
): Promise<void> {
  client.stdin?.end();
  if (client.exitCode !== null || client.signalCode !== null || client.pid === undefined) return ended;
  let isOver = false;
  const over = ended.then(() => (isOver = true));
  const cancel = startTimer(KILL_MS_MAX, () => client.kill('SIGKILL'));
  while (!isOver) {
    // Where there is none of that name it has ended, or has yet to begin: with what it was asked, which may never end.
    await killByName(command, name);
    await Promise.race([over, pause(startTimer)]);
  }
  cancel();
  await killByName(command, name);
}

function killByName(command: string, name: string): Promise<void> {
  return new Promise((resolve) => {
    execFile(command, ['kill', name], { timeout: KILL_MS_MAX }, () => resolve());
  });
}

function pause(startTimer: StartTimer): Promise<void> {
  return new Promise((resolve) => {
    startTimer(KILL_AGAIN_MS, resolve);
  });
}

/** Splits what the container prints into lines without keeping more than one frame. */
function readFrames(
  client: ChildProcess,
  { nonce, frameBytesMax }: ContainerStart,
  reply: (what: ContainerReply) => void,
): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const endLine = (): void => {
    const frame = bytes > frameBytesMax ? 'too_large' : readFrame(Buffer.concat(chunks), nonce);
    if (frame === 'too_large') reply({ kind: 'too_large' });
    else if (frame !== undefined) reply({ kind: 'frame', frame });
    chunks = [];
    bytes = 0;
  };
  const add = (part: Buffer): void => {
    bytes += part.length;
    if (bytes <= frameBytesMax) chunks.push(part);
    else chunks = [];
  };
  client.stdout?.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at));
      endLine();
      from = at + 1;
    }
    add(chunk.subarray(from));
  });
}

const NEWLINE = 0x0a;

/** Undefined where the line is none of the runner's (C1). */
function readFrame(line: Buffer, nonce: string): Readonly<Record<string, unknown>> | undefined {
  const text = line.toString('utf8');
  if (!text.startsWith(`${nonce} `)) return undefined;
  try {
    const frame: unknown = JSON.parse(text.slice(nonce.length + 1));
    return typeof frame === 'object' && frame !== null ? { ...frame } : undefined;
  } catch {
    return undefined; // It is none; whoever waits has a deadline.
  }
}

function whenEnded(client: ChildProcess): Promise<ContainerReply> {
  let stderr = '';
  client.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < STDERR_CHARACTERS_MAX) stderr += chunk.toString('utf8');
  });
  return new Promise((resolve) => {
    client.once('error', (error) => {
      if (client.pid === undefined) resolve({ kind: 'gone', code: null, stderr: error.message, isMissing: true });
    });
    client.once('close', (code) => resolve({ kind: 'gone', code, stderr, isMissing: false }));
  });
}
