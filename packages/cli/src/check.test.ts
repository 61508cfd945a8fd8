import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { answering, makeFolder, REPOSITORY, run, writePlugin } from './cli-fixture.ts';

test('[F003-27] a plugin that nothing stops exits 0', async () => {
  const { code, stdout } = await run(['check', join(REPOSITORY, 'plugins/calculator'), '--json']);
  const text = expect.any(String) as unknown;
  const sdk = { name: '@bulkhead/sdk', version: text, license: 'Apache-2.0', path: text };
  expect(JSON.parse(stdout)).toEqual({ ok: true, findings: [], dependencies: [sdk] });
  expect(code).toBe(0);
});

test.each(['check', 'review'])(
  '%s: findings name id, severity, file, line, message and hint, and exit 1',
  async (verb) => {
    await using folder = await makeFolder();
    const dir = await writePlugin(folder.path, {
      name: 'evil',
      main: `import 'node:fs';\n${answering(1)}\neval('1');`,
    });
    const { code, stdout } = await run([verb, dir, '--json']);
    const report = JSON.parse(stdout) as { readonly ok: boolean; readonly findings: readonly object[] }; // Looked at below.
    expect(report.ok).toBe(false);
    const found = {
      id: expect.any(String),
      severity: 'error',
      path: 'main.js',
      message: expect.any(String),
      hint: expect.any(String),
    };
    expect(report.findings).toContainEqual({ ...found, line: 1 });
    expect(report.findings).toContainEqual({ ...found, line: 4 });
    expect(code).toBe(1);
  },
);

test('types are checked as the folder is bundled: as modules, without a package.json that says so', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'typed', main: '', manifest: { main: 'main.ts' } });
  const main = [
    "import { definePlugin } from '@bulkhead/sdk';",
    "import type { RemoteServer } from '@bulkhead/sdk/mcp';",
    "import manifest from './plugin.json' with { type: 'json' };",
    'export type Server = RemoteServer;',
    'export default definePlugin({ tools: [] });',
    'export const version: number = manifest.version;',
  ];
  await writeFile(join(dir, 'main.ts'), main.join('\n'));
  const { stdout } = await run(['check', dir, '--json']);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly id: string }[] }; // Looked at below.
  const found = findings.filter(({ id }) => id === 'TYPE_ERROR');
  expect(found).toMatchObject([{ path: 'main.ts', line: 6, message: expect.stringContaining('TS2322') }]);
});

test('what is wrong with a manifest is said all at once', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'odd', main: answering(1) });
  await writeFile(join(dir, 'plugin.json'), '{"name":"Odd","version":"1","descripton":"x"}');
  const { code, stdout } = await run(['check', dir, '--json']);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly path: string }[] }; // Its own form.
  expect(findings.length).toBeGreaterThanOrEqual(4);
  expect(findings.every(({ path }) => path.startsWith('plugin.json'))).toBe(true);
  expect(code).toBe(1);
});

test('for people each finding is a line with its place, and the verdict is on stderr', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'evil', main: `eval('1');` });
  const { stdout, stderr } = await run(['check', dir]);
  expect(stdout).toMatch(/^main\.js:1 {2}error {2}/m);
  expect(stderr).toMatch(/stops? an install/);
});

test.each([[['check']], [['check', './not-there']], [['check', join(REPOSITORY, 'README.md')]]])(
  '%j is wrong usage',
  async (args) => {
    expect((await run(args)).code).toBe(2);
  },
);

test('[F003-27] --fix mends what can be mended safely, says so, and then checks', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'odd', main: `import 'crypto';\n${answering(1)}` });
  await writeFile(join(dir, 'plugin.json'), '{"name":"odd","version":"1.0.0","descripton":"x","author":"a"}');
  const { code, stdout } = await run(['check', dir, '--fix', '--json']);
  expect(JSON.parse(stdout)).toEqual({
    ok: true,
    findings: [],
    dependencies: [],
    fixed: [
      { path: 'plugin.json', line: 1, message: 'field "descripton" is named "description"' },
      { path: 'main.js', line: 1, message: '"crypto" is imported as "node:crypto"' },
    ],
  });
  expect(code).toBe(0);
});
