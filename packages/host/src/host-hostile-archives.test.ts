import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTgz, makeZip, type TestEntry } from './archive/archive.fixture.ts';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;
let host: Host;
beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost({ dataDir: join(folders.root, '.data'), untrustedMinTier: 'process' });
});
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const MANIFEST = { name: 'odd', version: '1.0.0', description: 'Is odd.', author: 'Tests', license: 'MIT' };
const MAIN = `export default { tools: [{ name: 'ping', description: 'Answers.', parameters: {}, execute: () => 'pong' }] };\n`;
const text = (change: object): string => JSON.stringify({ ...MANIFEST, ...change });
const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

/** All that an install could leave: files of the data directory and of the temporary folder, and plugins. */
async function remains(): Promise<object> {
  const inData = await readdir(folders.root, { recursive: true });
  const temporary = (await readdir(tmpdir())).filter((name) => /odd|canary/.test(name));
  return { files: inData.toSorted(), temporary, plugins: host.plugins().map(({ name }) => name) };
}

/** Sends an archive of these files, in both formats; each is to be refused without a trace. */
async function expectRefused(files: Readonly<Record<string, string>>, code: string): Promise<void> {
  const entries = Object.entries(files).map(([name, content]): TestEntry => ({ name, content }));
  for (const make of [makeTgz, makeZip]) {
    const before = await remains();
    await expect(host.publish({ bytes: make(entries) })).rejects.toMatchObject({ code });
    expect(await remains()).toEqual(before);
  }
}

test.each([
  ['larger than 64 KiB', text({ description: 'x'.repeat(65_536) })],
  ['nested 40 levels deep', text({ config: JSON.parse(nested(40)) as object })],
  ['nested 100,000 levels deep', nested(100_000)],
  ['of 6,000 keys', text(Object.fromEntries(Array.from({ length: 6_000 }, (_, at) => [`k${at}`, 1])))],
  ['with a huge text', text({ author: 'x'.repeat(60_000) })],
  ['with a key twice', `{"name":"odd","name":"even",${text({}).slice(1)}`],
  ['with a key that is a prototype', `{"__proto__":{"admin":true},${text({}).slice(1)}`],
  ['that holds NaN', text({}).replace('"1.0.0"', 'NaN')],
  ['with a field that nobody knows', text({ postinstall: 'sh' })],
  ['that is empty', ''],
])('[FAULTS-86] an archive whose manifest is %s is refused and leaves nothing', async (_what, manifest) => {
  await expectRefused({ 'plugin.json': manifest, 'main.js': MAIN }, 'MANIFEST_INVALID');
});

test.each([
  ['upper case', 'Odd'],
  ['a letter of another script', 'оdd'],
  ['a mark that turns the text', 'o\u202Edd'],
  ['a full-width letter', 'ｏdd'],
  ['a dot at the end', 'odd.'],
  ['a space at the end', 'odd '],
  ['a path', '../odd'],
  ['the separator of tools', 'odd__even'],
  ['an option', '--odd'],
])('[FAULTS-87] an archive whose plugin’s name has %s is refused and leaves nothing', async (_what, name) => {
  await expectRefused({ 'plugin.json': text({ name }), 'main.js': MAIN }, 'MANIFEST_INVALID');
});

test.each([
  ['a device of Windows', 'con.js'],
  ['a dot at the end', 'odd.js.'],
  ['a space at the end', 'odd.js '],
  ['a mark that turns the text', 'odd\u202Esj.'],
])('[FAULTS-87] an archive whose file’s name is %s is refused and leaves nothing', async (_what, name) => {
  await expectRefused({ 'plugin.json': text({}), 'main.js': MAIN, [name]: 'canary' }, 'ARCHIVE_PATH');
});

test.each([
  ['of more than 1 MiB', `${MAIN}// ${Array.from({ length: 200_000 }, (_, at) => at).join(' ')}\n`],
  ['nested 20,000 levels deep', `${MAIN}export const x = ${'['.repeat(20_000)}${']'.repeat(20_000)};\n`],
  ['of 40,000 nested calls', `${MAIN}export const f = ${'f('.repeat(40_000)}${')'.repeat(40_000)};\n`],
])('[FAULTS-89] an archive with a source %s is refused and leaves nothing', async (_what, main) => {
  await expectRefused({ 'plugin.json': text({}), 'main.js': main }, 'REVIEW_LIMIT');
});

test('[FAULTS-88] a config in an archive that looks like options, headers or paths is text to its plugin', async () => {
  const config = {
    option: '--inspect=0.0.0.0:9229',
    header: 'x\r\nHost: evil',
    path: '../../etc/passwd',
    shell: '$(touch /tmp/bulkhead-canary) `id`',
    template: '${process.exit()} {{7*7}}',
  };
  const manifest = text({ name: 'texts', config, description: '--eval=process.exit()', version: '1.0.0+--inspect' });
  const main = toolsSource({ config: 'return context.config;' }).replaceAll(': any', '');
  const bytes = makeTgz([
    { name: 'plugin.json', content: manifest },
    { name: 'main.js', content: main },
  ]);
  expect(await host.publish({ bytes })).toMatchObject({ version: '1.0.0+--inspect', state: 'INITIALIZED' });
  await host.registrations.offer('texts', '1.0.0+--inspect', { tenants: ['*'] });
  await host.registrations.enable('texts', {});
  expect(await host.call({ plugin: 'texts', tool: 'config' })).toMatchObject({ ok: true, value: config });
  expect((await readdir(tmpdir())).filter((name) => name.includes('canary'))).toEqual([]);
});
