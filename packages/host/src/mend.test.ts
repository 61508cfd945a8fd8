import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { AskWorkshop } from './base/workshop-port.ts';
import { mendPlugin } from './mend.ts';
import { makePluginFolder } from './source/plugin-folder.fixture.ts';
import { openPlainWorkshop } from './toolchain/workshop.fixture.ts';

const workshop = openPlainWorkshop();
afterAll(() => workshop.close());

const MAIN = `import { createHash } from "crypto";\nexport const text = 'a\u200Bb'; // \u202E\nexport const h = createHash;\n//# sourceMappingURL=/etc/x.map\n`;

test('[X003-4] what can be mended safely is mended, each change told with file and line; a second time nothing is', async () => {
  await using plugin = await makePluginFolder({
    'plugin.json': '{"name":"a","verison":"1","description":"d","author":"a"}',
    'main.ts': MAIN,
    'other.ts': 'export const a = eval("1");\n',
  });
  expect(await mendPlugin(plugin.dir, workshop.ask)).toEqual([
    { path: 'plugin.json', line: 1, message: 'field "verison" is named "version"' },
    { path: 'plugin.json', line: 1, message: 'version "1" is written "1.0.0"' },
    { path: 'main.ts', line: 1, message: '"crypto" is imported as "node:crypto"' },
    { path: 'main.ts', line: 2, message: String.raw`the hidden character is written \u200B` },
    { path: 'main.ts', line: 2, message: String.raw`the hidden character \u202E is removed` },
    { path: 'main.ts', line: 4, message: 'the comment that names a source map outside of the folder is removed' },
  ]);
  expect(await readFile(join(plugin.dir, 'main.ts'), 'utf8')).toBe(
    `import { createHash } from "node:crypto";\nexport const text = 'a\\u200Bb'; // \nexport const h = createHash;\n\n`,
  );
  expect(await mendPlugin(plugin.dir, workshop.ask)).toEqual([]);
});

test('bytes that are no UTF-8 are never written back', async () => {
  await using plugin = await makePluginFolder({ 'main.js': `import 'crypto';\n// \u00E9` });
  const path = join(plugin.dir, 'main.js');
  const bytes = Buffer.concat([Buffer.from(`import 'crypto'; // `), Buffer.from([0xff, 0xfe])]);
  await (await import('node:fs/promises')).writeFile(path, bytes);
  expect(await mendPlugin(plugin.dir, workshop.ask)).toEqual([]);
  expect(await readFile(path)).toEqual(bytes);
});

test('a workshop that lies can change nothing but what the kinds allow', async () => {
  await using plugin = await makePluginFolder({ 'main.ts': MAIN });
  const lies = [
    { path: 'main.ts', kind: 'node-prefix', start: 0 },
    { path: 'main.ts', kind: 'drop-comment', start: 0 },
    { path: 'main.ts', kind: 'escape-hidden', start: 3 },
    { path: 'main.ts', kind: 'replace', start: 0, text: 'process.exit()' },
    { path: '../elsewhere.ts', kind: 'node-prefix', start: 0 },
    { path: 'main.ts', kind: 'node-prefix', start: -1 },
    5,
  ];
  const ask: AskWorkshop = () => Promise.resolve({ head: { mends: lies }, blobs: new Map() });
  expect(await mendPlugin(plugin.dir, ask)).toEqual([]);
  expect(await readFile(join(plugin.dir, 'main.ts'), 'utf8')).toBe(MAIN);
});
