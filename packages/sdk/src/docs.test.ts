import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import greeter from '../../../plugins/greeter/plugin.json' with { type: 'json' };

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

test('every TypeScript snippet of docs/PLUGIN_SDK.md compiles, strictly [F003-41]', { timeout: 60_000 }, async () => {
  const snippets = [...(await read('docs/PLUGIN_SDK.md')).matchAll(/^```ts\n(.*?)^```$/gms)].map(
    (match) => match[1] ?? '',
  );
  expect(snippets.length).toBeGreaterThan(6);
  const cache = join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'sdk-docs-'));
  try {
    // The first snippet is the plugin that the last one tests.
    const names = snippets.map((_, index) => (index === 0 ? 'main.ts' : `snippet-${index}.ts`));
    await Promise.all(snippets.map((text, index) => writeFile(join(folder, names[index] ?? ''), text)));
    await copyFile(join(root, 'plugins/greeter/plugin.json'), join(folder, 'plugin.json'));
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { types: ['node'] },
      include: [folder],
      exclude: [],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8', cwd: folder });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('docs/PLUGIN_SDK.md names every export of the SDK [F003-16] [F003-41] [F003-44]', async () => {
  const index = await read('packages/sdk/src/index.ts');
  const exported = [...index.matchAll(/^export (?:type )?\{([^}]+)\}/gms)].flatMap((match) =>
    (match[1] ?? '').split(','),
  );
  const names = exported.map((name) => name.trim()).filter((name) => name !== '');
  const [, reference = ''] = (await read('docs/PLUGIN_SDK.md')).split('## Reference');
  const documented = [...reference.matchAll(/`(\w+)`/g)].map((match) => match[1]);
  expect(new Set(documented)).toEqual(new Set(names));
});

test('docs/plugins.md has a section for every first-party plugin and describes its tags [F000-37] [F000-38]', async () => {
  const page = await read('docs/plugins.md');
  const folders = (await readdir(join(root, 'plugins'), { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  );
  for (const { name } of folders) {
    const manifest = JSON.parse(await read(`plugins/${name}/plugin.json`)) as typeof greeter; // Our own files.
    expect(page).toContain(`### ${name}\n`);
    for (const tag of manifest.capabilities) expect(page).toMatch(new RegExp(`^\\| \`${tag}\` +\\| \\w`, 'm'));
  }
});

test('docs/plugins.md keeps every contribution rule by its id [F000-36, F000-39, F000-40, F000-41, F000-42, F000-43, F000-44, F000-45, F000-46, F000-47, F000-48]', async () => {
  const marked = [...(await read('docs/plugins.md')).matchAll(/_\[(F000-\d+)\]_/g)].map((match) => match[1]);
  expect(marked).toEqual(Array.from({ length: 13 }, (_, index) => `F000-${index + 36}`));
});

test('the builtins that docs/PLUGIN_SDK.md lists are those that a plugin may import', async () => {
  const { ALLOWED_BUILTINS } = await import('@bulkhead/protocol');
  const [, section = ''] = (await read('docs/PLUGIN_SDK.md')).split('modules that only compute:');
  const [list = ''] = section.trim().split('\n\n');
  expect([...list.matchAll(/`([^`]+)`/g)].map((match) => match[1])).toEqual(ALLOWED_BUILTINS);
});

test('docs/architecture.md names every package and every folder of the host, and how routes reach plugins [F003-42]', async () => {
  const page = await read('docs/architecture.md');
  const folders = async (path: string): Promise<readonly string[]> =>
    (await readdir(join(root, path), { withFileTypes: true })).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  for (const name of await folders('packages')) expect(page).toContain(`\`packages/${name}\``);
  for (const name of await folders('packages/host/src')) expect(page).toContain(`\`${name}/\``);
  for (const part of ['admin routes', 'registry', '`BasePlugin`', '`BaseToolPlugin` (calculator)'])
    expect(page).toContain(part);
});
