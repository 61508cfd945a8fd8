import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { packProposal, readProposal, writeProposal } from './proposal-folder.ts';
import { REPAIR_PROPOSAL_SCHEMA } from './proposal.ts';
import { answering, openWorkbench, replacing, toolSource, type Workbench } from './repair.fixture.ts';
import type { ProvedRepair } from './repair.ts';

const BODY = "    if (params.password === '') return 0;\n    return params.n - 1;";
const MENDED = "    if (params.password === '') return 0;\n    return params.n;";
const SECRET = 'correct-horse-battery';
const KEY = new Uint8Array(32).fill(7);
const NOW = Date.UTC(2026, 10, 30);

let bench: Workbench;
let repair: ProvedRepair;
let folder: string;
beforeAll(async () => {
  bench = await openWorkbench();
  const properties = { n: { type: 'integer', minimum: 0, maximum: 99 }, password: { type: 'string' } };
  const files = { 'main.js': toolSource(BODY, properties), 'README.md': 'A test.\n' };
  const plugin = await bench.write('mendable', files);
  const calls = [1, 2, 3, 4, 5].map((n) => ({
    tool: 'run',
    params: { n, password: SECRET },
    expect: { kind: 'value', value: n } as const,
  }));
  const wrong = replacing('main.js', BODY, BODY.replace('- 1', '+ 1'));
  const outcome = await bench.repair({ folder: plugin, calls }, answering(wrong, replacing('main.js', BODY, MENDED)));
  if (outcome.kind !== 'proved') throw new Error(`it was not mended: ${outcome.why}`);
  repair = outcome;
});
afterAll(() => bench[Symbol.asyncDispose]());

let number = 0;
beforeEach(async () => {
  number += 1;
  folder = join(bench.root, 'repairs', `mendable-${number}`);
  await writeProposal(repair, { folder, backend: 'scripted:answers.json', now: NOW, key: KEY });
});

test('a proposal has the patch, the patched plugin, a report for people and guard’s own', async () => {
  expect((await readdir(folder)).toSorted()).toEqual(
    [
      'guard_valid.html',
      'guard_valid.json',
      'guard_valid.md',
      'patch.diff',
      'proposal.json',
      'report.md',
      'source',
    ].toSorted(),
  );
  const { proposal, patch } = await readProposal(folder, KEY);
  expect(proposal).toMatchObject({
    plugin: 'mendable',
    from: { version: '1.0.0', digest: repair.fromDigest },
    to: { version: '1.0.1', digest: repair.toDigest },
    file: 'main.js',
    evidence: { failing: { visible: 3, hidden: 2, passed: 5 }, passing: { flips: 0 } },
    candidates: [{ at: 'failing' }, { at: 'proved' }],
    backend: 'scripted:answers.json',
    created_at: '2026-11-30T00:00:00.000Z',
  });
  expect(patch).toContain('-    return params.n - 1;\n+    return params.n;');
  expect(patch).toContain('-  "version": "1.0.0"'.slice(0, 12));
  const report = await readFile(join(folder, 'report.md'), 'utf8');
  expect(report).toContain('5 calls that failed are answered as expected, 2 of them were hidden.');
});

test('the document fits its schema', async () => {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(REPAIR_PROPOSAL_SCHEMA);
  validate(JSON.parse(await readFile(join(folder, 'proposal.json'), 'utf8')));
  expect(validate.errors).toBeNull();
});

test('what is packed is what was judged, byte for byte', async () => {
  const { bytes, proposal } = await packProposal(folder, { host: bench.host, key: KEY });
  const published = await bench.host.publish({ bytes });
  expect(published).toMatchObject({ name: 'mendable', version: '1.0.1', digest: proposal.to.digest });
  await bench.host.uninstall('mendable');
});

test('a secret of the calls is in no file', async () => {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of files.filter((one) => one.isFile())) {
    expect(await readFile(join(entry.parentPath, entry.name), 'utf8')).not.toContain(SECRET);
  }
});

test.each([
  ['the patched source', (at: string) => appendFile(join(at, 'source/main.js'), '\nfetch("https://example.com");\n')],
  ['its manifest', (at: string) => appendFile(join(at, 'source/plugin.json'), ' ')],
  ['a file that was not there', (at: string) => writeFile(join(at, 'source/more.js'), 'export const more = 1;\n')],
  ['a file that is gone', (at: string) => rm(join(at, 'source/README.md'))],
  ['the patch that an administrator reads', (at: string) => appendFile(join(at, 'patch.diff'), ' ')],
  ['the evidence', (at: string) => replaceIn(join(at, 'proposal.json'), '"passed": 5', '"passed": 6')],
  ['the digest', (at: string) => replaceIn(join(at, 'proposal.json'), repair.toDigest, 'f'.repeat(64))],
])('a proposal is refused once %s was changed', async (_what, change) => {
  await change(folder);
  await expect(packProposal(folder, { host: bench.host, key: KEY })).rejects.toThrow(
    coded('PROPOSAL_CHANGED', 'Repair the plugin again'),
  );
});

test('one that is sealed anew over another source is told by its digest', async () => {
  await appendFile(join(folder, 'source/main.js'), '\nexport const more = 1;\n');
  const { sealProposal, sha256Of } = await import('./proposal.ts');
  const { seal, ...open } = JSON.parse(await readFile(join(folder, 'proposal.json'), 'utf8'));
  expect(sealProposal(open, KEY).seal).toBe(seal);
  const files = { ...open.files, 'main.js': sha256Of(await readFile(join(folder, 'source/main.js'))) };
  await writeFile(join(folder, 'proposal.json'), JSON.stringify(sealProposal({ ...open, files }, KEY)));
  await expect(packProposal(folder, { host: bench.host, key: KEY })).rejects.toThrow(
    coded('PROPOSAL_CHANGED', 'what was judged is mendable'),
  );
});

test('a seal that was made without the key is none', async () => {
  const { sealProposal } = await import('./proposal.ts');
  const { seal, ...open } = JSON.parse(await readFile(join(folder, 'proposal.json'), 'utf8'));
  const forged = sealProposal({ ...open, reason: 'Nothing to see here.' }, new Uint8Array(32));
  expect(forged.seal).not.toBe(seal);
  await writeFile(join(folder, 'proposal.json'), JSON.stringify(forged));
  await expect(readProposal(folder, KEY)).rejects.toThrow(coded('PROPOSAL_CHANGED', 'has not the seal'));
});

test('a folder that holds no proposal says so, and one that is there is not written over', async () => {
  await expect(readProposal(bench.root, KEY)).rejects.toThrow(
    coded('PROPOSAL_INVALID', 'proposal.json cannot be read'),
  );
  await writeFile(join(folder, 'proposal.json'), '[]');
  await expect(readProposal(folder, KEY)).rejects.toThrow(coded('PROPOSAL_INVALID', 'is no object'));
  await expect(writeProposal(repair, { folder, backend: 'echo', now: NOW, key: KEY })).rejects.toThrow(
    coded('TARGET_INVALID', 'is not empty'),
  );
});

async function replaceIn(file: string, before: string, after: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (!text.includes(before)) throw new Error(`${before} is not in ${file}`);
  await writeFile(file, text.replace(before, after));
}

test.each([
  ['a file', (file: string) => file],
  ['a folder below a file', (file: string) => join(file, 'proposal')],
])('a proposal never takes the place of %s', async (_what, placeOf) => {
  const file = join(bench.root, `kept-${number}`);
  await writeFile(file, 'mine');
  const writing = writeProposal(repair, { folder: placeOf(file), backend: 'grammar', now: NOW, key: KEY });
  await expect(writing).rejects.toThrow(coded('TARGET_INVALID', 'is no folder'));
  expect(await readFile(file, 'utf8')).toBe('mine');
});
