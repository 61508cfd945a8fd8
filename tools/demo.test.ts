import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('[F001-1, F001-37, F001-38, F001-39] the demo ends well, in under a minute', { timeout: 60_000 }, async () => {
  const demo = join(import.meta.dirname, 'demo.ts');
  const child = spawn(process.execPath, ['--conditions=source', demo], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', resolve);
  expect(await promise).toBe(0);
  const outcomes = [...text.matchAll(/outcome +(\w+)/g)].map((match) => match[1]);
  expect(outcomes).toEqual(['ok', 'timeout', 'out_of_memory', 'crashed', 'unavailable']);
  expect(text).toContain('UNAVAILABLE: Missing dependencies');
  expect(text.match(/answered a good call/g)).toHaveLength(5);
});
