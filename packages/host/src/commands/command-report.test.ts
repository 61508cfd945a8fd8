import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCommandReport } from './command-report.ts';
import { createOutputClip } from './output-clip.ts';

const reported = (status: number, late = 0): string =>
  `began\nended status=${status} wall=1500 cpu=2500 rss=3 late=${late}\n`;

test('the figures of a run are read in milliseconds and bytes', () => {
  expect(parseCommandReport(reported(0))).toEqual({
    kind: 'ended',
    figures: { exitCode: 0, signal: null, isLate: false, wallMs: 1.5, cpuMs: 2.5, peakRssBytes: 3_072 },
  });
});

test.for([
  [3 << 8, { exitCode: 3, signal: null }],
  [255 << 8, { exitCode: 255, signal: null }],
  [9, { exitCode: null, signal: 'SIGKILL' }],
  [11 | 0x80, { exitCode: null, signal: 'SIGSEGV' }],
  [6, { exitCode: null, signal: 'SIGABRT' }],
  [34, { exitCode: null, signal: 'signal 34' }],
] as const)('a status of %d is told as wait(2) means it', ([status, expected]) => {
  expect(parseCommandReport(reported(status))).toMatchObject({ figures: expected });
});

test('a report that is cut, or none, tells no figures', () => {
  const whole = reported(0, 1);
  for (let length = 0; length < whole.length - 1; length += 1)
    expect(parseCommandReport(whole.slice(0, length)).kind).toBe(length < 'began\n'.length ? 'silent' : 'began');
  expect(parseCommandReport(whole)).toMatchObject({ kind: 'ended', figures: { isLate: true } });
  expect(parseCommandReport('began\nrefused ./x: No such file\n')).toEqual({
    kind: 'refused',
    why: './x: No such file',
  });
});

test('what the kernel ended for memory is told where it can be known', () => {
  expect(parseCommandReport('began\nended status=9 wall=1 cpu=1 rss=1 late=0 oom=2\n')).toMatchObject({
    figures: { signal: 'SIGKILL', oomKills: 2 },
  });
  expect(parseCommandReport(reported(9))).not.toHaveProperty('figures.oomKills');
});

test('any text at all is read without a throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => ['ended', 'refused', 'began', 'silent'].includes(parseCommandReport(text).kind)),
  );
});

test('output is kept to its bound whatever its pieces, and says so', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.integer({ min: 1, max: 100 }), (pieces, bytesMax) => {
      const clip = createOutputClip(bytesMax, () => undefined);
      for (const piece of pieces) clip.stdout(Buffer.from(piece.map((byte) => byte & 0x7f)));
      const all = Buffer.concat(pieces.map((piece) => Buffer.from(piece.map((byte) => byte & 0x7f)))).toString(
        'latin1',
      );
      expect(clip.texts()).toEqual({ stdout: all.slice(0, bytesMax), stderr: '', isClipped: all.length > bytesMax });
    }),
  );
});

test('a character that the bound cuts in two is left out', () => {
  const clip = createOutputClip(3, () => undefined);
  clip.stderr(Buffer.from('aäöü'));
  expect(clip.texts()).toEqual({ stdout: '', stderr: 'aä', isClipped: true });
  const cut = createOutputClip(2, () => undefined);
  cut.stderr(Buffer.from('aä'));
  expect(cut.texts().stderr).toBe('a');
});
