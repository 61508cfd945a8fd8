import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { readSecret, type Input } from './read-secret.ts';

/** A terminal that was told to be one; what its driver does is the system's. */
function terminal(keys: string): Input {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  input.write(keys);
  return input;
}

function pipe(bytes: string): Input {
  const input = new PassThrough();
  input.end(bytes);
  return input;
}

const silent = (): void => undefined;

test.each([
  ['one line', 'value\n', 'value'],
  ['one line of another system', 'value\r\n', 'value'],
  ['no line break', 'value', 'value'],
  ['many lines, of which only the last loses its break', 'a\n b \n\n', 'a\n b \n'],
])('a pipe gives its text: %s', async (_what, bytes, value) => {
  expect(await readSecret(pipe(bytes), silent)).toBe(value);
});

test('a terminal is asked, and gives one line as it was mended with the keys', async () => {
  const ask = vi.fn<() => void>();
  expect(await readSecret(terminal('valuX\u007Fe with blanks\rmore'), ask)).toBe('value with blanks');
  expect(ask).toHaveBeenCalledTimes(1);
});

test.each([
  ['an empty pipe', pipe('')],
  ['a line break alone', pipe('\n')],
  ['an empty line on a terminal', terminal('\r')],
  ['Ctrl-C on a terminal', terminal('half a val\u0003')],
])('%s is no value', async (_what, input) => {
  await expect(readSecret(input, silent)).rejects.toMatchObject({ name: 'UsageError', message: 'there is no value' });
});
