import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDigest, type Digest } from '@bulkhead/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeBundle } from '../bundle/bundle.fixture.ts';
import { digestOf, encodeArtifact } from './artifact.ts';
import { PUT_STEPS, createArtifactStore } from './disk-store.ts';
import { createMemoryArtifactStore, type ArtifactStore } from './store.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bulkhead-artifacts-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const LATER = Number.MAX_SAFE_INTEGER;
const NOTHING: ReadonlySet<Digest> = new Set();
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8');
const digest = (text: string): Digest => {
  const parsed = parseDigest(text);
  if (parsed === undefined) throw new Error(`${text} is no digest`);
  return parsed;
};
const filesIn = async (): Promise<readonly string[]> =>
  (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .toSorted();

const STORES: readonly (readonly [string, () => Promise<ArtifactStore>])[] = [
  ['on disk', () => createArtifactStore(dir)],
  ['in memory', async () => createMemoryArtifactStore(() => 1_000)],
];

describe.each(STORES)('an artifact store %s', (_, open) => {
  test('gives back what was put, under the digest of its bytes', async () => {
    const store = await open();
    const bundle = await makeBundle('export default 1;', { capabilities: ['math'] }, '{"version":3}');
    const stored = await store.put(bundle);
    expect(stored.digest).toBe(createHash('sha256').update(encodeArtifact(bundle)).digest('hex'));
    const found = await store.get(stored.digest);
    expect(found?.manifest).toEqual(bundle.manifest);
    expect(textOf(found?.module)).toBe('export default 1;');
    expect(textOf(found?.sourceMap)).toBe('{"version":3}');
  });

  test('an artifact that nobody put is not there', async () => {
    expect(await (await open()).get(digest('0'.repeat(64)))).toBeUndefined();
  });

  test('putting the same again, also at the same time, changes nothing', async () => {
    const store = await open();
    const bundle = await makeBundle('export default 2;');
    const puts = await Promise.all(Array.from({ length: 10 }, () => store.put(bundle)));
    expect(new Set(puts.map((stored) => stored.digest)).size).toBe(1);
    expect(textOf((await store.get(puts[0]?.digest ?? digest('')))?.module)).toBe('export default 2;');
  });

  test('the source map is outside of the digest', async () => {
    const store = await open();
    const plain = await store.put(await makeBundle('export default 3;'));
    const mapped = await store.put(await makeBundle('export default 3;', {}, '{"version":3}'));
    expect(mapped.digest).toBe(plain.digest);
  });

  test('a sweep removes what nothing refers to, and only what is older than asked', async () => {
    const store = await open();
    const kept = await store.put(await makeBundle('export default "kept";', {}, '{}'));
    const loose = await store.put(await makeBundle('export default "loose";', {}, '{}'));
    expect(await store.sweep({ referenced: new Set([kept.digest]), before: 0 })).toEqual([]);
    expect(await store.sweep({ referenced: new Set([kept.digest]), before: LATER })).toEqual([loose.digest]);
    expect(await store.get(loose.digest)).toBeUndefined();
    expect(await store.get(kept.digest)).toMatchObject({ digest: kept.digest });
  });
});

describe('the store on disk', () => {
  test('keeps whole files only, under the format and the first digits', async () => {
    const store = await createArtifactStore(dir);
    const { digest: name } = await store.put(await makeBundle('export default 1;', {}, '{}'));
    expect(await filesIn()).toEqual([`${name}.artifact`, `${name}.map`]);
    expect(digestOf(await readFile(join(dir, 'v1', name.slice(0, 2), `${name}.artifact`)))).toBe(name);
  });

  test('[FAULTS-90] bytes that were changed are refused, whichever byte it is', async () => {
    const store = await createArtifactStore(dir);
    const { digest: name } = await store.put(await makeBundle('export default 1;'));
    const path = join(dir, 'v1', name.slice(0, 2), `${name}.artifact`);
    const bytes = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ change;
        await writeFile(path, changed);
        await expect(store.get(name)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
      }),
      { numRuns: 50 },
    );
    await writeFile(path, bytes.subarray(0, 10));
    await expect(store.get(name)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  });

  test('an artifact that was damaged is mended by putting it again', async () => {
    const store = await createArtifactStore(dir);
    const bundle = await makeBundle('export default 1;');
    const { digest: name } = await store.put(bundle);
    await writeFile(join(dir, 'v1', name.slice(0, 2), `${name}.artifact`), 'damaged');
    await store.put(bundle);
    expect(textOf((await store.get(name))?.module)).toBe('export default 1;');
  });

  test.each(PUT_STEPS)('a put that is interrupted at %s leaves nothing, or what a sweep removes', async (step) => {
    const bundle = await makeBundle('export default 1;', {}, '{}');
    const name = digestOf(encodeArtifact(bundle));
    const interrupted = await createArtifactStore(dir, {
      onStep: (at) => {
        if (at === step) throw new Error('interrupted');
      },
    });
    await expect(interrupted.put(bundle)).rejects.toThrow('interrupted');
    const store = await createArtifactStore(dir);
    const found = await store.get(name);
    if (found !== undefined)
      expect([textOf(found.module), textOf(found.sourceMap)]).toEqual(['export default 1;', '{}']);
    await store.sweep({ referenced: NOTHING, before: LATER });
    expect(await filesIn()).toEqual([]);
    expect((await store.put(bundle)).digest).toBe(name);
    expect(textOf((await store.get(name))?.module)).toBe('export default 1;');
  });

  test('an artifact that is put again counts as new for a sweep', async () => {
    const store = await createArtifactStore(dir);
    const bundle = await makeBundle('export default 1;');
    const { digest: name } = await store.put(bundle);
    await utimes(join(dir, 'v1', name.slice(0, 2), `${name}.artifact`), 1, 1);
    await store.put(bundle);
    expect(await store.sweep({ referenced: NOTHING, before: 10_000 })).toEqual([]);
  });

  test('a sweep leaves files alone that it does not know', async () => {
    const store = await createArtifactStore(dir);
    await writeFile(join(dir, 'v1', 'notes.txt'), 'mine');
    await store.sweep({ referenced: NOTHING, before: LATER });
    expect(await filesIn()).toEqual(['notes.txt']);
  });

  test('a directory that cannot be made is said so with what to look at', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(createArtifactStore(join(dir, 'file'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});

describe('the digest', () => {
  test('is the same whatever the order of the manifest’s keys', async () => {
    const one = await makeBundle('x', { config: { a: 1, b: { c: 2, d: 3 } }, license: 'MIT' });
    const other = await makeBundle('x', { license: 'MIT', config: { b: { d: 3, c: 2 }, a: 1 } });
    expect(digestOf(encodeArtifact(one))).toBe(digestOf(encodeArtifact(other)));
  });

  test('differs when manifest or module differ', async () => {
    const all = await Promise.all([makeBundle('x'), makeBundle('y'), makeBundle('x', { license: 'MIT' })]);
    expect(new Set(all.map((bundle) => digestOf(encodeArtifact(bundle)))).size).toBe(3);
  });

  test('is of these bytes', async () => {
    // A pin: whoever changes the encoding changes the name of every release.
    const bytes = encodeArtifact(await makeBundle('export default 1;'));
    expect(textOf(bytes)).toBe(
      'bulkhead-artifact 1\n81 17\n{"author":"Somebody","description":"A sample.","name":"sample","version":"1.0.0"}export default 1;',
    );
  });
});
