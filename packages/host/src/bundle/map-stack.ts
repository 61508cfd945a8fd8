/**
 * Puts the author's files and lines into a stack that a guest reported, for the log and the developer verbs only. A
 * stack is hostile text: it is bounded, and what does not look like a frame stays as it is.
 */
import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { LIMITS } from '@bulkhead/protocol';

/** The guest's loader gives the artifact this URL. */
const FRAME = /\(?bulkhead:artifact:(\d{1,7}):(\d{1,7})\)?/;

/**
 * Maps at most 20 frames; the rest of the stack is cut off.
 *
 * @param stack - As the guest reported it.
 * @param sourceMap - Of the artifact, undefined where there is none.
 * @returns frames like `at add (src/sum.ts:3:9)`; lines count from 1, columns too.
 */
export function mapStack(stack: string, sourceMap: Uint8Array | undefined): string {
  const lines = stack.slice(0, LIMITS.stack_characters.value).split('\n');
  const firstFrame = lines.findIndex((line) => /^\s+at /.test(line));
  const end = firstFrame === -1 ? lines.length : firstFrame + LIMITS.stack_frames.value;
  const map = traceMapOf(sourceMap);
  const shown = lines.slice(0, end);
  return (map === undefined ? shown : shown.map((line) => mapLine(line, map))).join('\n');
}

/** Where in the author's files something was thrown; `path` is relative to the plugin folder, `line` counts from 1. */
export type AuthorPlace = { readonly path: string; readonly line: number };

/** Finds the innermost frame of a stack that lies in a file of the plugin; undefined where none does. */
export function placeOf(stack: string | undefined, sourceMap: Uint8Array | undefined): AuthorPlace | undefined {
  if (stack === undefined) return undefined;
  const map = traceMapOf(sourceMap);
  if (map === undefined) return undefined;
  const lines = stack
    .slice(0, LIMITS.stack_characters.value)
    .split('\n')
    .slice(0, LIMITS.stack_frames.value + 1);
  for (const line of lines) {
    const [, row, column] = FRAME.exec(line) ?? [];
    if (row === undefined || Number(row) < 1) continue;
    const { source, line: found } = originalPositionFor(map, {
      line: Number(row),
      column: Math.max(0, Number(column) - 1),
    });
    if (source !== null) return { path: source, line: found };
  }
  return undefined;
}

function traceMapOf(sourceMap: Uint8Array | undefined): TraceMap | undefined {
  if (sourceMap === undefined) return undefined;
  try {
    return new TraceMap(Buffer.from(sourceMap).toString('utf8'));
  } catch {
    return undefined; // Only the author's lines are lost.
  }
}

function mapLine(line: string, map: TraceMap): string {
  const match = FRAME.exec(line);
  if (match === null) return line;
  const position = { line: Number(match[1]), column: Math.max(0, Number(match[2]) - 1) };
  if (position.line < 1) return line;
  const original = originalPositionFor(map, position);
  if (original.source === null) return line;
  const place = `${original.source}:${original.line}:${original.column + 1}`;
  return line.replace(match[0], match[0].startsWith('(') ? `(${place})` : place);
}
