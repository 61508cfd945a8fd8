import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScrubber, type Scrubber } from './scrub.ts';

const VALUE = 'sk-live/7+f9?ä"x\\';
const PLACEHOLDER = 'bulkhead_secret_0123';
const scrubber = (): Scrubber => createScrubber([{ value: VALUE, placeholder: PLACEHOLDER }]);
const scrub = (text: string): string => scrubber().text(text);

/** As pieces of a body come, whatever their sizes. */
function inPieces(bytes: Uint8Array, sizes: readonly number[], of = scrubber()): Buffer {
  const stream = of.stream();
  const given: Uint8Array[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    given.push(stream.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat([...given, stream.end()]);
}

test.each([
  ['as it is', VALUE],
  ['percent-encoded', encodeURIComponent(VALUE)],
  ['percent-encoded, in small letters', encodeURIComponent(VALUE).replace(/%../g, (code) => code.toLowerCase())],
  ['as a form has it', new URLSearchParams({ v: VALUE }).toString().slice(2)],
  ['in JSON', JSON.stringify(VALUE).slice(1, -1)],
])('an echo of a secret %s is replaced', (_how, echoed) => {
  expect(scrub(`<${echoed}|${echoed}>`)).toBe(`<${PLACEHOLDER}|${PLACEHOLDER}>`);
});

test.each(['', 'a', 'ab', 'abc', 'user:'])('an echo in base64 behind "%s" is replaced', (ahead) => {
  for (const behind of ['', 'z', 'zz', ':x']) {
    for (const form of ['base64', 'base64url'] as const) {
      const echoed = Buffer.from(ahead + VALUE + behind).toString(form);
      const said = scrub(`Basic ${echoed};`);
      expect(said).toContain(PLACEHOLDER);
      // What is left tells of its ends at most.
      const left = said.replace(PLACEHOLDER, '').length - 'Basic ;'.length;
      expect(left).toBeLessThanOrEqual(Buffer.from(ahead + behind).toString('base64').length + 8);
    }
  }
});

test('what is no secret comes back as it is, byte by byte', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), sizes, (bytes, cuts) => {
      expect(inPieces(bytes, cuts)).toEqual(Buffer.from(bytes));
    }),
  );
});

test('however a body is cut into pieces, no piece of the secret comes back', () => {
  const echo = fc.constantFrom(VALUE, encodeURIComponent(VALUE), JSON.stringify(VALUE));
  fc.assert(
    fc.property(
      fc.array(fc.oneof(echo, fc.string()), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (parts, sizes) => {
        const text = parts.join('·');
        expect(inPieces(Buffer.from(text), sizes).toString()).toBe(scrub(text));
        expect(scrub(text)).not.toContain(VALUE);
      },
    ),
  );
});

test('a piece is held back only as long as a secret may begin at its end', () => {
  const stream = scrubber().stream();
  expect(Buffer.from(stream.push(Buffer.from('data: token\n\n'))).toString()).toBe('data: token\n\n');
  expect(Buffer.from(stream.push(Buffer.from('data: sk-li'))).toString()).toBe('data: ');
  expect(Buffer.from(stream.push(Buffer.from('ke\n'))).toString()).toBe('sk-like\n');
});

test('of two secrets one of which begins as the other, the longer is replaced', () => {
  const both = createScrubber([
    { value: 'alpha', placeholder: 'ONE' },
    { value: 'alphabet', placeholder: 'TWO' },
  ]);
  expect(both.text('alphabet alpha')).toBe('TWO ONE');
  expect(inPieces(Buffer.from('alphabet alpha'), [1], both).toString()).toBe('TWO ONE');
});

test('secrets that overlap themselves and one another are found however a body is cut', () => {
  const tangled = createScrubber(['abab', 'aab', 'ababb', 'bbabab'].map((value) => ({ value, placeholder: '-' })));
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 40 });
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 });
  fc.assert(
    fc.property(letters, sizes, (text, cuts) => {
      expect(inPieces(Buffer.from(text), cuts, tangled).toString()).toBe(tangled.text(text));
      expect(tangled.text(text)).not.toMatch(/abab|aab/);
    }),
    { numRuns: 1_000 },
  );
});

test('without secrets nothing is copied', () => {
  const bytes = Buffer.from('body');
  expect(createScrubber([]).stream().push(bytes)).toBe(bytes);
});
