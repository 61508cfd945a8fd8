import { expect, test } from 'vitest';
import { LIMITS } from '@bulkhead/protocol';
import { cleanLine } from './clean-text.ts';
import { createOutputLines } from './output-lines.ts';

function open() {
  const lines: string[] = [];
  const time = { now: 0 };
  const clock = { now: () => time.now, wallTime: () => time.now };
  const output = createOutputLines({ clock, clean: cleanLine, onLine: (line) => lines.push(line) });
  return { lines, time, output, say: (text: string) => output.push(Buffer.from(text)) };
}

test('lines are cut at line breaks, whatever the pieces that they come in', () => {
  const { lines, output, say } = open();
  say('one\ntw');
  say('o\r\n\nthr');
  output.push(Buffer.from('ü').subarray(0, 1));
  output.push(Buffer.from('ü').subarray(1));
  expect(lines).toEqual(['one', 'two']);
  output.end();
  expect(lines).toEqual(['one', 'two', 'thrü']);
});

test('a line cannot hold escape codes, nor forge another', () => {
  const { lines, say } = open();
  say('\u001B[31mred\u001B[0m\rover\u2028next\n');
  expect(lines).toEqual(['redovernext']);
});

test('a line that is too long is cut, and its end is not taken for another', () => {
  const { lines, say } = open();
  const max = LIMITS.log_line_characters.value;
  say('x'.repeat(max + 1));
  say('y'.repeat(max));
  say('\nnext\n');
  expect(lines).toEqual(['x'.repeat(max), 'next']);
});

test('of a flood a part is left out, and how much is said when it is over', () => {
  const { lines, time, say } = open();
  const chunk = `${'x'.repeat(999)}\n`;
  for (let count = 0; count < 100; count += 1) say(chunk);
  say('half of ');
  const taken = lines.length;
  expect(taken).toBe(Math.floor(LIMITS.log_ring_bytes.value / chunk.length));
  time.now = 1_000;
  say('a line\nwhole\n');
  expect(lines.slice(taken)).toEqual([`(${(100 - taken) * chunk.length + 8} bytes were left out here)`, 'whole']);
});
