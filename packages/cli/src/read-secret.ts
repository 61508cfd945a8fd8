/**
 * Reads a secret from whoever types or pipes it: never from an argument, which other users of the machine can see, and never
 * shown.
 */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { UsageError } from './usage-error.ts';

/** Standard input, as far as it is needed here. */
export type Input = Readable & { readonly isTTY?: boolean };

/**
 * Reads a value: all of a pipe without the line break at its end, or one line of a terminal, which does not show it.
 *
 * @param ask - Says on the terminal what is to be typed.
 * @throws {UsageError} where nothing came, or whoever typed gave up.
 */
export async function readSecret(input: Input, ask: () => void): Promise<string> {
  const value = input.isTTY === true ? await typed(input, ask) : (await text(input)).replace(/\r?\n$/, '');
  if (value !== '') return value;
  throw new UsageError('there is no value', 'Pipe it in, as in `bulkhead secrets set PLUGIN NAME < FILE`, or type it.');
}

/** The line editor echoes what is typed, so what it writes goes nowhere. */
async function typed(input: Input, ask: () => void): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  const { promise: gaveUp, resolve } = Promise.withResolvers<string>();
  lines.once('close', () => resolve(''));
  lines.once('SIGINT', () => lines.close());
  try {
    ask();
    return await Promise.race([lines.question(''), gaveUp]);
  } finally {
    lines.close();
  }
}
