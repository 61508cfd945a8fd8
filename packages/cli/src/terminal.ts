/**
 * How the command line speaks: results on standard output, talk on standard error, colours and moving lines on a terminal
 * only. Nothing else of the command line writes.
 */
import pc from 'picocolors';

/** A writable stream, as far as it is needed here. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(part: string | Uint8Array, didWrite?: () => void): unknown;
}

/**
 * A line of talk about how far something is. On a terminal it is written over and over, at most ten times a second; elsewhere it is
 * a line every five seconds at most, and none of something that ends before.
 */
export type Live = {
  /** Whether it is on a terminal. */
  readonly isMoving: boolean;
  readonly show: (line: string) => void;
  readonly end: () => void;
};

/** Where a verb speaks. */
export type Terminal = {
  /** Prints a result, one line. */
  readonly result: (line: string) => void;
  /** Prints a part of a result as it is; resolves once whoever reads it has taken it. */
  readonly write: (part: string | Uint8Array) => Promise<void>;
  /** Prints talk, one line. */
  readonly say: (line: string) => void;
  /** Shows that something long goes on; the function ends it. */
  readonly progress: (what: string) => () => void;
  /** Opens a line of talk that changes. */
  readonly live: () => Live;
  /** Colours for results and for talk; plain text where they are not shown on a terminal. */
  readonly colors: ReturnType<typeof pc.createColors>;
  readonly talkColors: ReturnType<typeof pc.createColors>;
};

/** What decides about colours, as the process has it. */
export type Surroundings = {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
};

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPIN_MS = 100;
const LINE_MS = 5_000;
const COLUMNS = 80;
const CLEAR_LINE = '\r\u001B[2K';

/** Opens the terminal of a process. */
export function openTerminal({ stdout, stderr, env }: Surroundings): Terminal {
  const hasColors = (stream: Stream): boolean =>
    stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    result: (line) => void stdout.write(`${line}\n`),
    write: (part) => new Promise((resolve) => stdout.write(part, resolve)),
    say: (line) => void stderr.write(`${line}\n`),
    progress: (what) => (stderr.isTTY === true && env['TERM'] !== 'dumb' ? spin(stderr, what) : plain(stderr, what)),
    live: () => liveOn(stderr, stderr.isTTY === true && env['TERM'] !== 'dumb'),
    colors: pc.createColors(hasColors(stdout)),
    talkColors: pc.createColors(hasColors(stderr)),
  };
}

/** A stream of the process. */
type Output = Pick<NodeJS.WriteStream, 'on' | 'write'>;

/**
 * Leaves where standard output takes no more: a result that nobody gets is no success. Whoever closed a pipe knows; of anything else,
 * such as a full disk, is told why. Talk that cannot be written is lost, and nothing else.
 *
 * @returns Resolves once all that was written has been taken.
 */
export function watchOutput(
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output },
  leave: () => void,
): () => Promise<void> {
  stderr.on('error', () => undefined);
  stdout.on('error', (error: Error) => {
    const code = 'code' in error ? String(error.code) : error.message;
    if (code !== 'EPIPE') stderr.write(`bulkhead: standard output cannot be written (${code})\n`);
    leave();
  });
  return () => new Promise((resolve) => stdout.write('', () => setImmediate(resolve)));
}

function plain(stream: Stream, what: string): () => void {
  stream.write(`${what} ...\n`);
  return () => undefined;
}

function liveOn(stream: Stream, isMoving: boolean): Live {
  let shownAt = isMoving ? -Infinity : performance.now();
  const everyMs = isMoving ? SPIN_MS : LINE_MS;
  return {
    isMoving,
    show: (line) => {
      if (performance.now() - shownAt < everyMs) return;
      shownAt = performance.now();
      stream.write(isMoving ? `${CLEAR_LINE}${line.slice(0, (stream.columns ?? COLUMNS) - 1)}` : `${line}\n`);
    },
    end: () => {
      if (isMoving) stream.write(CLEAR_LINE);
    },
  };
}

function spin(stream: Stream, what: string): () => void {
  let turn = 0;
  const show = (): void => {
    stream.write(`${CLEAR_LINE}${SPINNER[turn % SPINNER.length] ?? ''} ${what}`);
    turn += 1;
  };
  show();
  const timer = setInterval(show, SPIN_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stream.write(CLEAR_LINE);
  };
}
