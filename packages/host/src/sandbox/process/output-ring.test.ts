import { LIMITS } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanLine, cleanOutput, createPathHider } from './clean-text.ts';
import { createOutputRing } from './output-ring.ts';

const SHOWN = LIMITS.call_output_bytes.value;

test('characters that are split over chunks are whole again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), fc.integer({ min: 1, max: 5 }), (text, size) => {
      const bytes = Buffer.from(text);
      const ring = createOutputRing();
      for (let from = 0; from < bytes.length; from += size) ring.push(bytes.subarray(from, from + size));
      expect(ring.since(0)).toBe(cleanOutput(bytes.toString('utf8')));
    }),
  );
});

test('a mark cuts what was written before it', () => {
  const ring = createOutputRing();
  ring.push(Buffer.from('before'));
  const mark = ring.position();
  expect(ring.since(mark)).toBe('');
  ring.push(Buffer.from('after'));
  expect(ring.since(mark)).toBe('after');
});

test('a mark inside a character, and an end inside one, show no piece of it', () => {
  const ring = createOutputRing();
  const euro = Buffer.from('€');
  ring.push(euro.subarray(0, 1));
  const mark = ring.position();
  ring.push(Buffer.concat([euro.subarray(1), Buffer.from('a'), euro.subarray(0, 2)]));
  expect(ring.since(mark)).toBe('a');
});

test('of much output the end is shown, from the first whole line', () => {
  const ring = createOutputRing();
  const lines = Array.from({ length: 5_000 }, (_, n) => `line ${n}\n`);
  for (const line of lines) ring.push(Buffer.from(line));
  const shown = ring.since(0);
  expect(shown.length).toBeLessThanOrEqual(SHOWN);
  expect(shown.length).toBeGreaterThan(SHOWN - 20);
  expect(lines.join('').endsWith(shown)).toBe(true);
  expect(shown).toMatch(/^line \d+\n/);
});

test('what is kept is bounded, however much is written', () => {
  const ring = createOutputRing();
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let n = 0; n < 200; n += 1) ring.push(chunk);
  expect(ring.position()).toBe(200 * chunk.length);
  expect(ring.since(0)).toHaveLength(SHOWN);
  expect(ring.since(ring.position() - 10)).toHaveLength(10);
});

const unsafe = [
  ['colours', '\u001b[31mred\u001b[0m', 'red'],
  ['a title of the terminal', '\u001b]0;title\u0007text', 'text'],
  ['an escape without an end', 'text\u001b', 'text'],
  ['one-byte escapes', '\u009b31mtext', 'text'],
  ['a line that is written over', 'good\rbad', 'goodbad'],
  ['bells and nulls', 'a\u0007b\u0000c\u007fd', 'abcd'],
  ['text that runs backwards', 'a\u202eb\u2066c\u200fd', 'abcd'],
  ['invisible text', 'a\u200bb\ufeffc\u2060d', 'abcd'],
  ['separators that are lines to some', 'a\u2028b\u2029c', 'abc'],
] as const;

test.each(unsafe)('[FAULTS-37] %s are taken out', (_, text, safe) => {
  expect(cleanOutput(text)).toBe(safe);
});

test('[FAULTS-37] whatever is written, a line of a log is one line without control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex -- it looks for them
      expect(cleanLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});

test('tabs and lines stay in output', () => {
  expect(cleanOutput('a\tb\r\nc\n')).toBe('a\tb\nc\n');
});

test('the known paths are hidden, the longest first, and no other text is touched', () => {
  const hide = createPathHider(
    new Map([
      ['/srv/run', 'run'],
      ['/srv/run/guest.cjs', 'guest'],
      ['/opt/a+b/node', 'node'],
      ['/', 'never'],
    ]),
  );
  expect(hide('at file:///srv/run/guest.cjs:1:2 in /srv/run/x by /opt/a+b/node')).toBe('at guest:1:2 in run/x by node');
  expect(hide('see https://example.com/srv/other and /etc/hosts')).toBe(
    'see https://example.com/srv/other and /etc/hosts',
  );
  expect(createPathHider(new Map())('/a')).toBe('/a');
});
