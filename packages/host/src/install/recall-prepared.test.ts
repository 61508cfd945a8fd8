import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseManifest, type Manifest } from '@bulkhead/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recalledBundle } from '../bundle/bundle-source.ts';
import { noNotes, openMachineNotes, type NoteBook } from '../sandbox/process/machine-notes.ts';
import { OPERATOR_FOLDER, readSource } from '../source/read-source.ts';
import type { PackageFiles } from '../source/source-tree.ts';
import type { PreparedArtifact } from './prepare-artifact.ts';
import { recallPrepared } from './recall-prepared.ts';

const SDK: PackageFiles = {
  name: 'sdk',
  root: 'node_modules/sdk',
  link: undefined,
  files: new Map([['a', Buffer.from('1')]]),
};
const FINDING = { id: 'X', severity: 'warning', path: 'main.js', line: 1, message: 'm', hint: 'h' } as const;

let root: string;
let notes: NoteBook;
let prepared: number;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bulkhead-recall-'));
  notes = openMachineNotes({ dir: join(root, 'cache'), wallTime: Date.now });
  prepared = 0;
  await write('plugin.json', '{}');
  await write('main.js', 'one');
  await write('node_modules/brought/package.json', '{"name":"brought","version":"1.0.0"}');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  const file = join(root, 'plugin', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** Prepares what is in the folder now; it imports one package that is there, and one that is not. */
async function prepare({ by = notes, sdk = SDK, isMissing = false } = {}): Promise<PreparedArtifact> {
  const source = await readSource(join(root, 'plugin'), OPERATOR_FOLDER);
  const manifest = manifestOf();
  return recallPrepared({ source, manifest, supplied: [sdk], notes: by }, async (watched) => {
    prepared += 1;
    for (const name of ['brought', 'absent']) await watched.readPackage(name, '');
    if (isMissing) return { kind: 'missing', lacking: [], findings: [] };
    const module = new Uint8Array(Buffer.from(`module ${prepared}`));
    const bundle = recalledBundle({ manifest, module, sourceMap: new Uint8Array([1, 2]), findings: [FINDING] });
    return { kind: 'ready', bundle, dependencies: [{ name: 'brought', version: '1.0.0', license: null, path: 'p' }] };
  });
}

function manifestOf(): Manifest {
  const parsed = parseManifest({ name: 'kept', version: '1.0.0', description: 'd', author: 'a', license: 'MIT' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  return parsed.manifest;
}

test('what was prepared of the same files is recalled whole, and is not prepared again', async () => {
  const first = await prepare();
  expect(await prepare()).toEqual(first);
  expect(prepared).toBe(1);
});

test.each<[string, () => Promise<unknown>]>([
  ['a file is another', () => write('main.js', 'two')],
  ['the manifest is another', () => write('plugin.json', '{ }')],
  ['a file is new', () => write('more.js', '')],
  ['a package that it brings is another', () => write('node_modules/brought/index.js', '1')],
  ['a package that was not there is', () => write('node_modules/absent/package.json', '{"name":"absent"}')],
])('it is prepared anew where %s', async (_why, change) => {
  await prepare();
  await change();
  await prepare();
  expect(prepared).toBe(2);
});

test('it is prepared anew where a package that the host brings is another', async () => {
  await prepare();
  await prepare({ sdk: { ...SDK, files: new Map([['a', Buffer.from('2')]]) } });
  expect(prepared).toBe(2);
});

test('what lacks something is not noted, and a host without notes recalls nothing', async () => {
  await prepare({ isMissing: true });
  await prepare({ isMissing: true });
  expect(prepared).toBe(2);
  await prepare({ by: noNotes });
  await prepare({ by: noNotes });
  expect(prepared).toBe(4);
});

test('a note that says something else is as none', async () => {
  const wrong: NoteBook = { read: async () => ({ module: 1, findings: [] }), write: async () => undefined };
  await prepare({ by: wrong });
  expect(prepared).toBe(1);
});
