/**
 * What may be wrong with a plugin's folder itself: its manifest, its names, its size, its scripts, and its content after
 * it was reviewed. Each is refused with a code, or has no effect; the host serves on.
 */
import { HostError, createHost, type Host } from '@bulkhead/host';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureFolder } from '../chaos/matrix/hostile-folders.ts';
import { openOwnHost } from '../support/own-host.ts';
import { processesWith } from '../support/remains.ts';
import { openScratch, writeFiles } from '../support/scratch.ts';

const MANIFEST = { name: 'odd', version: '1.0.0', description: 'Is odd.', author: 'Bulkhead' };
const MAIN = `export default { tools: [{ name: 'ping', description: 'Answers.', parameters: {}, execute: () => 'pong' }] };\n`;
const text = (change: object): string => JSON.stringify({ ...MANIFEST, ...change });
const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

let host: Host;
beforeAll(async () => {
  host = await createHost();
  await host.install(fixtureFolder('good-neighbour'));
});
afterAll(() => host.close());

/** Installs a folder of these files; returns the state, or the code of the refusal. */
async function install(files: Readonly<Record<string, string>>): Promise<string> {
  await using scratch = await openScratch('folder');
  const folder = await writeFiles(join(scratch.path, 'odd'), { 'main.js': MAIN, ...files });
  const ending = await host.install(folder).then(
    ({ state }) => state as string,
    (error: unknown) => codeOf(error),
  );
  const neighbour = await host.call({ plugin: 'good-neighbour', tool: 'ping' });
  expect(neighbour).toMatchObject({ ok: true, value: 'pong' });
  await host.uninstall('odd');
  return ending;
}

describe('a manifest', () => {
  test.each([
    ['is larger than 64 KiB', text({ description: 'x'.repeat(65_536) })],
    ['is nested 40 levels deep', text({ config: JSON.parse(nested(40)) as object })],
    ['is nested 100,000 levels deep', nested(100_000)],
    ['has the same key twice', `{"name":"odd","name":"even",${text({}).slice(1)}`],
    ['has a key that is a prototype', `{"__proto__":{"admin":true},${text({}).slice(1)}`],
    ['holds what is not JSON', text({}).replace('"1.0.0"', 'NaN')],
    ['is no object', '[]'],
    ['is empty', ''],
    ['has a byte order mark and bytes that are no text', '\ufeff\u0000{}'],
    ['has a field that nobody knows', text({ postinstall: 'sh' })],
  ])('[FAULTS-86] that %s is refused', async (_what, manifest) => {
    expect(await install({ 'plugin.json': manifest })).toBe('MANIFEST_INVALID');
  });

  test.each([
    ['upper case', 'Odd'],
    ['a letter of another script', 'оdd'],
    ['a mark that turns the text', 'o\u202Edd'],
    ['a joined letter', 'ｏdd'],
    ['a dot at the end', 'odd.'],
    ['a space at the end', 'odd '],
    ['a path', '../odd'],
    ['the separator of tools', 'odd__even'],
    ['65 letters', 'o'.repeat(65)],
    ['an option', '--odd'],
    ['nothing', ''],
  ])('[FAULTS-87] whose name has %s is refused', async (_what, name) => {
    expect(await install({ 'plugin.json': text({ name }) })).toBe('MANIFEST_INVALID');
  });
});

describe('a source', () => {
  test.each([
    ['of 2 MiB', `${MAIN}// ${'x'.repeat(2 * 1024 * 1024)}\n`, 'REVIEW_LIMIT'],
    [
      'nested 20,000 levels deep',
      `${MAIN}export const x = ${'['.repeat(20_000)}${']'.repeat(20_000)};\n`,
      'REVIEW_LIMIT',
    ],
    [
      'of 40,000 nested calls',
      `${MAIN}export const f = ${'f('.repeat(40_000)}${')'.repeat(40_000)};\n`,
      'REVIEW_LIMIT',
    ],
  ])('[FAULTS-89] %s is refused', async (_what, main, code) => {
    expect(await install({ 'plugin.json': text({}), 'main.js': main })).toBe(code);
  });

  test('[FAULTS-93] whose package has scripts is installed without running one', async () => {
    await using scratch = await openScratch('scripts');
    const canary = join(scratch.path, 'ran');
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare', 'prepack'].map((name) => [name, `touch ${canary}`]),
    );
    const packageJson = JSON.stringify({ name: 'odd', version: '1.0.0', type: 'module', scripts });
    const dependency = JSON.stringify({ name: 'dep', version: '1.0.0', type: 'module', main: 'index.js', scripts });
    const files = {
      'plugin.json': text({}),
      'package.json': packageJson,
      'main.js': `import { x } from 'dep';\n${MAIN}export const y = x;\n`,
      'node_modules/dep/package.json': dependency,
      'node_modules/dep/index.js': 'export const x = 1;\n',
    };
    expect(await install(files)).toBe('INITIALIZED');
    await expect(stat(canary)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('[FAULTS-90] that changes after its review changes nothing that runs, nor does its artifact', async () => {
    await using scratch = await openScratch('changed');
    const folder = await writeFiles(join(scratch.path, 'odd'), { 'plugin.json': text({}), 'main.js': MAIN });
    const dataDir = join(scratch.path, 'data');
    await using own = await createHost({ dataDir, spareCount: 0 });
    await own.install(folder);
    await writeFile(join(folder, 'main.js'), MAIN.replace('pong', 'changed'));
    for (const path of await filesBelow(dataDir)) {
      const bytes = await readFile(path, 'utf8');
      if (path.endsWith('.artifact')) await writeFile(path, bytes.replace('pong', 'evil'));
    }
    for (const tenant of ['default', 'acme']) {
      expect(await own.call({ plugin: 'odd', tool: 'ping', tenant })).toMatchObject({ ok: true, value: 'pong' });
    }
  });
});

test('[FAULTS-88] a config that looks like options, headers or paths is text, and reaches no command line', async () => {
  await using scratch = await openScratch('config');
  const config = {
    a: '--inspect=0.0.0.0:9229',
    b: 'x\r\nHost: evil',
    c: '../../etc/passwd',
    d: '$(touch /tmp/x) `id`',
  };
  const manifest = text({ config, description: '--eval=process.exit()', version: '1.0.0+--inspect' });
  const main = `export default { tools: [{ name: 'config', description: 'x', parameters: {}, execute: (p, { config }) => config }] };\n`;
  const folder = await writeFiles(join(scratch.path, 'odd'), { 'plugin.json': manifest, 'main.js': main });
  await using own = await openOwnHost({ spareCount: 0 });
  await own.host.install(folder);
  expect(await own.host.call({ plugin: 'odd', tool: 'config' })).toMatchObject({ ok: true, value: config });
  const commands = (await processesWith(own.token)).map(({ command }) => command);
  expect(commands.length).toBeGreaterThan(0);
  expect(commands.filter((command) => /inspect|passwd|--eval|touch/.test(command))).toEqual([]);
});

function codeOf(error: unknown): string {
  if (error instanceof HostError) return error.code;
  throw error;
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
