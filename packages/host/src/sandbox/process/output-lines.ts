/**
 * Cuts what a guest writes to one of its pipes into lines, for its journal. A line that is too long is cut, one without an
 * end is given when the pipe ends, and of a flood a part is left out and counted: cleaning text costs more than reading it.
 */
import { StringDecoder } from 'node:string_decoder';
import { LIMITS } from '@bulkhead/protocol';
import type { Clock } from '../../base/clock.ts';

/** Who gets the lines; `clean` is called once for each. */
export type OutputLinesOptions = {
  readonly clock: Clock;
  readonly clean: (line: string) => string;
  readonly onLine: (line: string) => void;
};

/** The lines of one pipe. */
export type OutputLines = {
  readonly push: (chunk: Buffer) => void;
  /** Gives what stands after the last line break. */
  readonly end: () => void;
};

const WINDOW_MS = 1_000;
const WINDOW_BYTES = LIMITS.log_ring_bytes.value;
const LINE_CHARACTERS = LIMITS.log_line_characters.value;

/** Starts with an empty pipe. */
export function createOutputLines({ clock, clean, onLine }: OutputLinesOptions): OutputLines {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  /** The line that is being read was given already, or its beginning is not known. */
  let isGiven = false;
  let windowStart = clock.now();
  let windowBytes = 0;
  let leftOutBytes = 0;

  function give(line: string): void {
    const text = clean(line).slice(0, LINE_CHARACTERS);
    if (!isGiven && text.trim() !== '') onLine(text);
    isGiven = false;
  }

  function openWindow(now: number): void {
    windowStart = now;
    windowBytes = 0;
    if (leftOutBytes > 0) onLine(`(${leftOutBytes} bytes were left out here)`);
    leftOutBytes = 0;
  }

  function leaveOut(bytes: number): void {
    leftOutBytes += bytes;
    rest = '';
    isGiven = true;
  }

  function take(text: string): void {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) give(line);
    if (rest.length <= LINE_CHARACTERS) return;
    give(rest);
    rest = '';
    isGiven = true;
  }

  return {
    push: (chunk) => {
      const now = clock.now();
      if (now - windowStart >= WINDOW_MS) openWindow(now);
      windowBytes += chunk.length;
      const text = decoder.write(chunk);
      if (windowBytes > WINDOW_BYTES) leaveOut(chunk.length);
      else take(text);
    },
    end: () => {
      give(rest + decoder.end());
      rest = '';
      openWindow(clock.now());
    },
  };
}
