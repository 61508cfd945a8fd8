import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const KIB = 1024;

const bundled = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    conditions: ['source'],
  });
  return outputFiles[0]?.text ?? '';
};

test('a plugin of definePlugin carries the two functions that it calls and nothing of the protocol', async () => {
  const text = await bundled(`
    import { definePlugin, defineTool } from '@bulkhead/sdk';
    const tool = defineTool({ name: 'echo', description: 'Echoes.', parameters: { type: 'object' }, execute: (p) => p });
    export default definePlugin({ tools: [tool] });`);
  expect(text.length).toBeLessThan(KIB);
  expect(text).not.toContain('typebox');
});

test('the whole SDK is under 8 kB, and drags in no library', async () => {
  const text = await bundled(`import * as sdk from '@bulkhead/sdk'; export default sdk;`);
  expect(text.length).toBeLessThan(8 * KIB);
  expect(text).not.toContain('node_modules');
});
