import { expect, test } from 'vitest';
import { openTerminal } from './terminal.ts';

function capture(isTTY: boolean, env: Readonly<Record<string, string>> = {}) {
  const written = { out: '', err: '' };
  const stdout = { isTTY, write: (text: string) => (written.out += text) };
  const stderr = { isTTY, write: (text: string) => (written.err += text) };
  return { written, terminal: openTerminal({ stdout, stderr, env }) };
}

test('results go to stdout, talk to stderr', () => {
  const { written, terminal } = capture(false);
  terminal.result('a result');
  terminal.say('some talk');
  expect(written).toEqual({ out: 'a result\n', err: 'some talk\n' });
});

test.each([
  ['a terminal', true, {}, true],
  ['a pipe', false, {}, false],
  ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['a terminal with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
])('on %s colours are shown: %#', (_what, isTTY, env, isColored) => {
  const { terminal } = capture(isTTY, env);
  expect(terminal.colors.red('x') !== 'x').toBe(isColored);
  expect(terminal.talkColors.red('x') !== 'x').toBe(isColored);
});

test('in a pipe progress is a plain line', () => {
  const { written, terminal } = capture(false);
  terminal.progress('measuring')();
  expect(written.err).toBe('measuring ...\n');
});

test('on a terminal progress is one line that goes away', () => {
  const { written, terminal } = capture(true);
  const done = terminal.progress('measuring');
  expect(written.err).toContain('measuring');
  done();
  expect(written.err.endsWith('\r\u001B[2K')).toBe(true);
});

test('in a pipe a line that changes is not shown where it ends at once, and on a terminal it goes away', () => {
  const [pipe, tty] = [capture(false), capture(true)];
  for (const { terminal } of [pipe, tty]) {
    const live = terminal.live();
    live.show('1 of 2');
    live.show('2 of 2');
    live.end();
  }
  expect(pipe.written.err).toBe('');
  expect(tty.written.err).toBe('\r\u001B[2K1 of 2\r\u001B[2K');
});
