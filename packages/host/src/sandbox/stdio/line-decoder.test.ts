import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineDecoder } from './line-decoder.ts';

function linesOf(pieces: readonly Uint8Array[], lineBytesMax: number) {
  const lines: string[] = [];
  const decoder = createLineDecoder({ lineBytesMax, onLine: (line) => lines.push(line.toString('latin1')) });
  const faults = pieces.map((piece) => decoder.push(Buffer.from(piece)));
  return { lines, fault: faults.find((fault) => fault !== undefined) };
}

const line = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d));

test('lines come whole and in order, however their bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(800), { maxLength: 20 }), (lines, cuts) => {
      const text = Buffer.concat(lines.flatMap((one) => [one, Buffer.from('\n')]));
      const at = [0, ...cuts.filter((cut) => cut < text.length).toSorted((a, b) => a - b), text.length];
      const pieces = at.slice(1).map((end, index) => text.subarray(at[index], end));
      expect(linesOf(pieces, 40).lines).toEqual(lines.map((one) => Buffer.from(one).toString('latin1')));
    }),
  );
});

test('what is longer than it may be is a fault, whether its end has come or not, and nothing is taken after it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 16 }),
      fc.integer({ min: 1, max: 32 }),
      (pieces, max) => {
        const { lines, fault } = linesOf(pieces, max);
        const whole = Buffer.concat(pieces).toString('latin1').split('\n');
        const firstLong = whole.findIndex((one) => one.length > max);
        expect(fault === undefined).toBe(firstLong === -1);
        const complete = firstLong === -1 ? whole.slice(0, -1) : whole.slice(0, firstLong);
        expect(lines).toEqual(complete.map((one) => one.replace(/\r$/, '')));
      },
    ),
  );
});
