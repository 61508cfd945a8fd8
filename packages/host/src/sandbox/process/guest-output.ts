/**
 * What a guest writes to stdout and stderr: captured, bounded, and cut to what belongs to one call. A guest that floods
 * is reported once; the pipes are paused first, which costs the host a tenth of what dropping costs (FAULTS 36).
 */
import { LIMITS, callError, type CallError } from '@bulkhead/protocol';
import type { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { cleanLine, type HidePaths } from './clean-text.ts';
import { createOutputLines, type OutputLines } from './output-lines.ts';
import { createOutputRing } from './output-ring.ts';

/** What is captured, and who is told of a flood. */
export type GuestOutputOptions = {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly clock: Clock;
  readonly hidePaths: HidePaths;
  /** Gets each line, cleaned and bounded. */
  readonly onLine: (pipe: 'stdout' | 'stderr', line: string) => void;
  /** Called once, with why the guest must end. */
  readonly onFlood: (error: CallError) => void;
};

/** Where both streams were when a call began. */
export type OutputMark = { readonly stdout: number; readonly stderr: number };

/** The output of one guest. */
export type GuestOutput = {
  readonly mark: () => OutputMark;
  /** What came since the mark, each stream clipped and cleaned. */
  readonly since: (mark: OutputMark) => { readonly stdout: string; readonly stderr: string };
  /**
   * Calls `then` once as many bytes were read as the guest says it wrote, or after 100 ms: the pipes lag behind the
   * channel, and a guest that lies only delays its own answer.
   */
  readonly whenSeen: (writtenBytes: number, then: () => void) => void;
  /** Nothing more will be read: everybody who waits is served, and the pipes are let go. */
  readonly close: () => void;
};

const WAIT_MS_MAX = 100;
const FLOOD_WINDOW_MS = 1_000;
const FLOOD_BYTES = LIMITS.log_flood_bytes.value;

/** Starts to read both pipes. */
export function createGuestOutput(options: GuestOutputOptions): GuestOutput {
  const { stdout, stderr, clock, hidePaths } = options;
  const rings = { stdout: createOutputRing(), stderr: createOutputRing() };
  const lines = { stdout: openLines('stdout', options), stderr: openLines('stderr', options) };
  const waiting = new Set<{ readonly writtenBytes: number; readonly serve: () => void }>();
  let windowStart = 0;
  let windowBytes = 0;
  let isFlooded = false;

  const seenBytes = (): number => rings.stdout.position() + rings.stderr.position();

  function take(name: 'stdout' | 'stderr', chunk: Buffer): void {
    rings[name].push(chunk);
    lines[name].push(chunk);
    countForFlood(chunk.length);
    for (const waiter of waiting) if (waiter.writtenBytes <= seenBytes()) waiter.serve();
  }

  function countForFlood(bytes: number): void {
    const now = clock.now();
    if (now - windowStart > FLOOD_WINDOW_MS) {
      windowStart = now;
      windowBytes = 0;
    }
    windowBytes += bytes;
    if (windowBytes <= FLOOD_BYTES || isFlooded) return;
    isFlooded = true;
    stdout.pause();
    stderr.pause();
    const limit = { name: 'log_flood_bytes', allowed: FLOOD_BYTES, observed: windowBytes, unit: 'bytes' };
    options.onFlood(callError('LOG_FLOOD', { limit }));
  }

  // A pipe that breaks says nothing that the process's end does not say (FAULTS 55).
  stdout.on('data', (chunk: Buffer) => take('stdout', chunk)).on('error', ignore);
  stderr.on('data', (chunk: Buffer) => take('stderr', chunk)).on('error', ignore);

  return {
    mark: () => ({ stdout: rings.stdout.position(), stderr: rings.stderr.position() }),
    since: (mark) => ({
      stdout: hidePaths(rings.stdout.since(mark.stdout)),
      stderr: hidePaths(rings.stderr.since(mark.stderr)),
    }),
    whenSeen: (writtenBytes, then) => {
      if (writtenBytes <= seenBytes()) return then();
      const serve = (): void => {
        clearTimeout(timer);
        if (waiting.delete(waiter)) then();
      };
      const timer = setTimeout(serve, WAIT_MS_MAX);
      const waiter = { writtenBytes, serve };
      waiting.add(waiter);
    },
    close: () => {
      for (const waiter of waiting) waiter.serve();
      lines.stdout.end();
      lines.stderr.end();
      stdout.destroy();
      stderr.destroy();
    },
  };
}

function openLines(name: 'stdout' | 'stderr', { clock, hidePaths, onLine }: GuestOutputOptions): OutputLines {
  return createOutputLines({
    clock,
    clean: (line) => hidePaths(cleanLine(line)),
    onLine: (line) => onLine(name, line),
  });
}

const ignore = (): void => undefined;
