import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { CLI_PATH, renderCli } from './render-cli.ts';

test('the reference of the command line is what the program prints; `npm run docs:cli` writes it', () => {
  const written = readFileSync(join(resolve(import.meta.dirname, '../..'), CLI_PATH), 'utf8');
  expect(written, 'run `npm run docs:cli`').toBe(renderCli());
});
