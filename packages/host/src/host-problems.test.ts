/** What an author is told when what the folder holds cannot serve, and what serves meanwhile. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHost } from './host.ts';
import type { Host } from './host-api.ts';
import { makePluginFolder, type PluginFolder } from './source/plugin-folder.fixture.ts';

const good = (value: number): string => `const answer: number = ${value};
export default { tools: [{ name: 'answer', description: 'Answers.', parameters: { type: 'object' }, execute: () => answer }] };
`;

let host: Host;
let plugin: PluginFolder;
beforeAll(async () => {
  host = await createHost();
  plugin = await makePluginFolder({ 'main.ts': good(1), 'plugin.json': MANIFEST });
  await host.install(plugin.dir);
});
afterAll(async () => {
  await host.close();
  await plugin[Symbol.asyncDispose]();
});

const MANIFEST = { name: 'edited', version: '1.0.0', description: 'x', author: 'x', main: 'main.ts' };

async function save(main: string): ReturnType<Host['reload']> {
  await writeFile(join(plugin.dir, 'main.ts'), main);
  return host.reload('edited');
}

async function answers(): Promise<unknown> {
  const outcome = await host.call({ plugin: 'edited', tool: 'answer' });
  return outcome.ok ? outcome.value : outcome.error.code;
}

test('a throw at import is a problem with the author’s file and line, and the last good release answers', async () => {
  const { problems } = await save(
    `const a = 1;\nfunction fail(): never {\n  throw new Error('boom');\n}\nfail();\n${good(2)}`,
  );
  expect(problems).toEqual([
    {
      id: 'LOAD_FAILED',
      severity: 'error',
      path: 'main.ts',
      line: 3,
      message: expect.stringContaining('boom'),
      hint: expect.any(String),
    },
  ]);
  expect(await answers()).toBe(1);
});

test('a package that is not installed is a problem where it is imported, with the command that brings it', async () => {
  const { problems } = await save(`\nimport z from 'zood';\nexport const y = z;\n${good(3)}`);
  expect(problems).toMatchObject([
    {
      id: 'PLUGIN_UNAVAILABLE',
      path: 'main.ts',
      line: 2,
      message: expect.stringContaining('"zood"'),
      hint: expect.stringMatching(/^npm install --prefix .+ zood$/),
    },
  ]);
  expect(await answers()).toBe(1);
});

test('what serves has no problems', async () => {
  expect(await save(good(4))).toMatchObject({ problems: [] });
  expect(await answers()).toBe(4);
});
