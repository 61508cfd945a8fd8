/**
 * A line of a plugin's log as people read it: time, where it was said, the text; below it where a plugin threw.
 */
import type { PluginLogLine } from '@bulkhead/host';
import { plain } from './table.ts';
import type { Terminal } from './terminal.ts';

const SOURCE_CHARACTERS = 'logger'.length;
const same = (text: string): string => text;

/** Writes a line, and the frames of its stack where it has one. */
export function logLines(line: PluginLogLine, colors: Terminal['colors']): readonly string[] {
  const { at, source, level, text, fields, call_id: callId } = line;
  const paints = { debug: colors.dim, info: same, warn: colors.yellow, error: colors.red };
  const paint = level === null ? same : paints[level];
  const { stack, ...others } = fields ?? {};
  const more = Object.keys(others).length === 0 ? '' : colors.dim(`  ${plain(JSON.stringify(others))}`);
  const call = callId === null ? '' : colors.dim(`  call ${plain(callId)}`);
  const frames = typeof stack === 'string' ? stack.split('\n').slice(1) : [];
  return [
    `${colors.dim(at)} ${colors.dim(source.padEnd(SOURCE_CHARACTERS))} ${paint(plain(text))}${more}${call}`,
    ...frames.map((frame) => colors.dim(plain(frame))),
  ];
}
