/** What must be there for authors to read (F004-29 to F004-31, F000-10), held to what it speaks of. */
import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HOST_CAPABILITIES } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { DEV_COMMANDS } from '../packages/cli/src/dev/dev-command.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const GUIDES = ['docs/dev-loop.md', 'docs/best-practices.md', 'docs/author-security.md'];

test('[F004-29] API reference, architecture, best practices and security guidelines are there, and the README leads to them', async () => {
  const readme = await read('README.md');
  for (const path of ['docs/api/README.md', 'docs/architecture.md', 'docs/cli.md', ...GUIDES]) {
    expect(await read(path)).toMatch(/^# /);
    expect(readme).toContain(`(${path})`);
  }
});

test('[F004-15] [F004-17] [F004-20] [F004-22] the best practices keep the contract’s by their ids', async () => {
  const marked = [...(await read('docs/best-practices.md')).matchAll(/_\[(F004-\d+)\]_/g)].map((match) => match[1]);
  expect(marked).toEqual(['F004-15', 'F004-17', 'F004-20', 'F004-22']);
});

test('[F000-1] [X004-4] docs/plugins.md says what the rules are for, and what holds for every plugin', async () => {
  const page = await read('docs/plugins.md');
  expect(page).toMatch(/compatible .*, quick, and safe to run, .* \(F000-1\)/);
  const rules = page.split('(X004-4):\n\n')[1]?.split('\n\n')[0] ?? '';
  for (const word of ['sandbox', 'permissions', 'bounded', 'small letters', 'while it runs', 'version'])
    expect(rules).toContain(word);
});

test.each(GUIDES)('[F004-30] [F004-31] %s ends with version, date and where to find support', async (path) => {
  const { version } = JSON.parse(await read('package.json')) as { readonly version: string };
  const last = (await read(path)).trim().split('\n').at(-1) ?? '';
  expect(last).toMatch(/^Version \S+ · last updated \d{4}-\d\d-\d\d · \[support\]\(/);
  expect(last).toContain(`Version ${version} ·`);
});

test('[F000-10] the README’s appendix has every capability tag of a first-party plugin, and every permission', async () => {
  const appendix = (await read('README.md')).split('## Appendix: capability tags')[1] ?? '';
  const folders = await readdir(join(root, 'plugins'));
  const manifests = await Promise.all(folders.map((folder) => read(`plugins/${folder}/plugin.json`)));
  const tags = manifests.flatMap(
    (text) => (JSON.parse(text) as { readonly capabilities: readonly string[] }).capabilities,
  );
  for (const word of [...tags, ...HOST_CAPABILITIES]) expect(appendix).toContain(`\`${word}\``);
});

test('the guide to the inner loop names every command of the prompt', async () => {
  const guide = await read('docs/dev-loop.md');
  for (const command of Object.keys(DEV_COMMANDS)) expect(guide).toMatch(new RegExp(`\\| \`\\${command}[ \`]`));
});
