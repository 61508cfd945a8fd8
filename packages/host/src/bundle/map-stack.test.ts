import { stop } from 'esbuild';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { bundleTree } from './bundle-tree.ts';
import { mapStack } from './map-stack.ts';

afterAll(() => stop());

const SOURCE = `type T = { a: number };\n\nexport function fail(x: T): never {\n  throw new Error('at line four');\n}\n`;
const output = await bundleTree({
  entry: { main: 'src/fail.ts', entryPoints: [] },
  files: new Map([['src/fail.ts', Buffer.from(SOURCE)]]),
  packages: new Map(),
});
if (!output.ok) throw new Error('the fixture bundles');
const sourceMap = output.sourceMap;
const lines = Buffer.from(output.module).toString('utf8').split('\n');
const line = lines.findIndex((text) => text.includes('throw new Error')) + 1;
const column = (lines[line - 1]?.indexOf('new Error') ?? 0) + 1;

test('frames of the artifact get the author’s file and line', () => {
  const stack = `Error: at line four\n    at fail (bulkhead:artifact:${line}:${column})\n    at bulkhead:artifact:${line}:${column}`;
  expect(mapStack(stack, sourceMap)).toBe('Error: at line four\n    at fail (src/fail.ts:4:9)\n    at src/fail.ts:4:9');
});

test('other frames stay as they are, and so does everything without a map', () => {
  const stack = 'Error: x\n    at node:internal/a:1:1\n    at f (bulkhead:artifact:99999:1)';
  expect(mapStack(stack, sourceMap)).toBe(stack);
  expect(mapStack(stack, undefined)).toBe(stack);
  expect(mapStack(stack, Buffer.from('no map'))).toBe(stack);
});

test('at most 20 frames are kept', () => {
  const frames = Array.from({ length: 50 }, () => `    at fail (bulkhead:artifact:${line}:${column})`);
  const mapped = mapStack(['Error: x', 'second line of the message', ...frames].join('\n'), sourceMap).split('\n');
  expect(mapped).toHaveLength(22);
  expect(mapped.at(-1)).toBe('    at fail (src/fail.ts:4:9)');
});

test('any text is mapped to text no longer than the bound', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom('    at ', 'bulkhead:artifact:', ':1:1', '0:0', '\n'))),
      (parts) => {
        expect(mapStack(parts.join(''), sourceMap).length).toBeLessThanOrEqual(parts.join('').length + 20 * 40);
      },
    ),
  );
});
