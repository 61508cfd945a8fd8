import { execFileSync } from 'node:child_process';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PluginIndex } from '@bulkhead/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKeyPair } from '../signing/signed-statement.ts';
import { openIndexBench, serveFolder, serveWith, type IndexBench, type TestWeb } from './index.fixture.ts';
import { blockInIndex, buildIndex } from './keep-index.ts';
import { fetchFromIndex, fetchFromIndexes, readIndex, verifyIndex, type IndexedUpload } from './read-index.ts';
import { searchIndex, type FoundPlugin, type IndexQuery } from './index-contents.ts';
import { openIndex, sealIndex } from './sealed-index.ts';

const publisher = createKeyPair();
const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const reading = { now: NOW };

let bench: IndexBench;
let web: TestWeb;
let folder: string;
beforeAll(async () => {
  bench = await openIndexBench();
  folder = join(bench.root, 'index');
  const weather = { capabilities: ['weather', 'net'], description: 'Tells how warm it is.' };
  await bench.pack('index', 'weather', { manifest: weather, signer: publisher });
  await bench.pack('index', 'weather', { version: '1.2.0', manifest: weather, signer: publisher });
  await bench.pack('index', 'weather', { version: '2.0.0-rc.1', manifest: weather, signer: publisher });
  await bench.pack('index', 'weather', {
    version: '3.0.0',
    manifest: { ...weather, compatible_versions: '>=9' },
    signer: publisher,
  });
  await bench.pack('index', 'warm_words', { manifest: { capabilities: ['text'] } });
  await bench.pack('index', 'bad');
  await buildIndex(folder, bench.keeping());
  await blockInIndex(folder, { name: 'bad', version: null, reason: 'It mines coins.' }, bench.keeping());
  web = await serveFolder(folder);
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

const take = (name: string, version?: string, place = web.url): Promise<IndexedUpload> =>
  fetchFromIndex({ place, key: bench.keys.publicKey }, { name, ...(version !== undefined && { version }) }, reading);

/** Copies the index into a folder of its own, changes the text of index.json, and answers the folder. */
async function copied(change: (text: string) => string = (same) => same): Promise<string> {
  const target = join(bench.root, `copy-${(copies += 1)}`);
  execFileSync('cp', ['-r', folder, target]);
  const path = join(target, 'index.json');
  await writeFile(path, change(await readFile(path, 'utf8')));
  return target;
}
let copies = 0;

test('an index is read by folder, by file and by address, and says who signed it', async () => {
  for (const place of [folder, join(folder, 'index.json'), web.url, web.url.slice(0, -1), `${web.url}index.json`]) {
    const read = await readIndex({ place, key: bench.keys.publicKey }, reading);
    expect(read).toMatchObject({ key: bench.keys.publicKey, vouched: true, expires_at: null, index: { serial: 2 } });
    expect([folder, web.url]).toContain(read.place);
  }
  expect(await readIndex({ place: folder }, reading)).toMatchObject({ vouched: false });
});

const search = async (query: IndexQuery): Promise<readonly FoundPlugin[]> =>
  searchIndex((await readIndex({ place: web.url }, reading)).index, query);

test('a search finds what has every word, and the capability, nearest name first', async () => {
  const names = async (words: string, capability?: string): Promise<readonly string[]> =>
    (await search({ words, ...(capability !== undefined && { capability }) })).map(({ name }) => name);
  expect(await names('warm')).toEqual(['warm_words', 'weather']);
  expect(await names('WEATHER')).toEqual(['weather']);
  expect(await names('warm it')).toEqual(['weather']);
  expect(await names('')).toEqual(['bad', 'warm_words', 'weather']);
  expect(await names('', 'text')).toEqual(['warm_words']);
  expect(await names('nothing')).toEqual([]);
  expect(await search({ words: 'bad' })).toMatchObject([
    { version: '1.0.0', blocked: { by: 'operator', reason: 'It mines coins.' }, license: { is_allowed: true } },
  ]);
});

test('who names no version gets the highest that is released, not blocked, and runs here', async () => {
  expect((await take('weather')).index).toEqual({
    plugin: 'weather',
    version: '1.2.0',
    origin: { name: 'plugins', place: web.url, key: bench.keys.publicKey, serial: 2 },
  });
  expect(await take('weather', '2.0.0-rc.1')).toMatchObject({ index: { version: '2.0.0-rc.1' } });
  expect((await take('weather', '1.0.0')).bytes).toEqual(
    new Uint8Array(await readFile(join(folder, 'weather-1.0.0.tgz'))),
  );
  await expect(take('weather', '9.0.0')).rejects.toMatchObject({
    code: 'RELEASE_NOT_FOUND',
    message: 'the index "plugins" lists no weather 9.0.0; it lists 3.0.0, 2.0.0-rc.1, 1.2.0, 1.0.0',
  });
  await expect(take('nothing')).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
});

test('[F000-48] a blocked release is refused with the reason, whether it was named or not', async () => {
  for (const version of [undefined, '1.0.0'])
    await expect(take('bad', version)).rejects.toMatchObject({
      code: 'INDEX_BLOCKED',
      message: expect.stringContaining('It mines coins.'),
    });
});

test('[FAULTS-91] whatever is changed in an index, it is refused', async () => {
  const text = await readFile(join(folder, 'index.json'), 'utf8');
  const sealed = JSON.parse(text) as { readonly index: PluginIndex };
  const at = fc.nat({ max: text.length - 1 });
  const open = (changed: string): void =>
    void openIndex(changed, { place: 'x', publicKey: bench.keys.publicKey, now: NOW });
  fc.assert(
    fc.property(at, fc.constantFrom('0', '1', 'a', '"', '{', ']', ' '), (index, character) => {
      const changed = text.slice(0, index) + character + text.slice(index + 1);
      if (isSameJson(changed, text)) return;
      expect(() => open(changed)).toThrow(/index/);
    }),
    { numRuns: 300 },
  );
  const unblocked = text.replaceAll('"blocked": {', '"was_blocked": {');
  expect(() => open(unblocked)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
  const renumbered = JSON.stringify({ ...sealed, index: { ...sealed.index, serial: 99 } });
  expect(() => open(renumbered)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
});

function isSameJson(one: string, other: string): boolean {
  try {
    return JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other));
  } catch {
    return false;
  }
}

test('[FAULTS-91] another key than was named is refused, and a signature of an archive is none of an index', async () => {
  const key = createKeyPair().publicKey;
  await expect(readIndex({ place: web.url, key }, reading)).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
    message: expect.stringContaining(`expected ${key}`),
  });
  const { index } = await readIndex({ place: folder }, reading);
  const text = sealIndex(index, { privateKey: bench.keys.privateKey });
  const archives = text.replace('"index:plugins"', '"plugins"');
  expect(() => openIndex(archives, { place: 'x', now: NOW })).toThrow(
    expect.objectContaining({ code: 'SIGNATURE_INVALID' }),
  );
});

test('[FAULTS-91] an index that has ended, and one older than was seen, are refused', async () => {
  const { index } = await readIndex({ place: folder }, reading);
  const ended = await copied(() =>
    sealIndex(index, { privateKey: bench.keys.privateKey, expiresAt: '2026-05-31T00:00:00.000Z' }),
  );
  await expect(readIndex({ place: ended }, reading)).rejects.toMatchObject({
    code: 'INDEX_STALE',
    message: expect.stringContaining('ended at 2026-05-31'),
  });
  expect(await readIndex({ place: ended }, { now: NOW - 7 * 86_400_000 })).toMatchObject({ index: { serial: 2 } });
  await expect(readIndex({ place: folder }, { ...reading, serialMin: 3 })).rejects.toMatchObject({
    code: 'INDEX_STALE',
    message: expect.stringContaining('has serial 2; 3 was seen before'),
  });
});

test('[FAULTS-90] an archive that was changed, cut or made longer is refused by its digest', async () => {
  const target = await copied();
  const path = join(target, 'weather-1.2.0.tgz');
  const bytes = await readFile(path);
  const flipped = Buffer.from(bytes);
  flipped[200] = (flipped[200] ?? 0) ^ 1;
  for (const changed of [flipped, bytes.subarray(1), Buffer.concat([bytes, Buffer.from('x')]), Buffer.alloc(0)]) {
    await writeFile(path, changed);
    await expect(take('weather', '1.2.0', target)).rejects.toMatchObject({ code: 'ARCHIVE_CHECKSUM' });
  }
  await rm(path);
  await expect(take('weather', '1.2.0', target)).rejects.toMatchObject({ code: 'INDEX_UNREACHABLE' });
  await symlink('/etc/passwd', path);
  await expect(take('weather', '1.2.0', target)).rejects.toMatchObject({ code: 'INDEX_UNREACHABLE' });
});

test('verify says of every file of an index whether it is as it was signed', async () => {
  const whole = { ok: true, name: 'plugins', serial: 2, plugins: 3, versions: 6, findings: [] };
  for (const place of [folder, web.url]) expect(await verifyIndex({ place }, reading)).toMatchObject(whole);
  const target = await copied();
  await writeFile(join(target, 'bad-1.0.0.tgz'), 'another');
  await rm(join(target, 'weather-3.0.0.tgz'));
  const verified = await verifyIndex({ place: target, key: bench.keys.publicKey }, reading);
  expect(verified).toMatchObject({
    ok: false,
    vouched: true,
    findings: [
      { id: 'ARCHIVE_CHECKSUM', path: 'bad-1.0.0.tgz' },
      { id: 'INDEX_UNREACHABLE', path: 'weather-3.0.0.tgz' },
    ],
  });
});

test('[FAULTS-91] verify finds a signature that is of another release than the index lists', async () => {
  const { index } = await readIndex({ place: folder }, reading);
  const plugins = index.plugins.map((plugin) => ({
    ...plugin,
    versions: plugin.versions.map((one) => (one.version === '1.0.0' ? { ...one, version: '1.0.1' } : one)),
  }));
  const target = await copied(() => sealIndex({ ...index, plugins }, { privateKey: bench.keys.privateKey }));
  expect((await verifyIndex({ place: target }, reading)).findings).toMatchObject([
    { id: 'SIGNATURE_INVALID', path: 'weather-1.0.0.tgz' },
  ]);
});

test('[FAULTS-92] the first index that lists a plugin decides, and one that cannot be read ends the search', async () => {
  await bench.pack('second', 'weather', { version: '7.0.0' });
  await bench.pack('second', 'only_here');
  await buildIndex(join(bench.root, 'second'), bench.keeping({ name: 'second' }));
  const { publicKey: key } = bench.keys;
  const [first, second] = [folder, join(bench.root, 'second')].map((place) => ({ place, key }));
  if (first === undefined || second === undefined) throw new Error('there are two');
  const of = (sources: readonly { place: string; key: string }[], name: string): Promise<IndexedUpload> =>
    fetchFromIndexes(sources, { name }, reading);
  expect((await of([first, second], 'weather')).index).toMatchObject({ version: '1.2.0' });
  expect((await of([second, first], 'weather')).index).toMatchObject({ version: '7.0.0' });
  expect((await of([first, second], 'only_here')).index).toMatchObject({ origin: { name: 'second' } });
  await expect(of([first, second], 'nowhere')).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
  const away = { place: join(bench.root, 'away'), key };
  await expect(of([away, second], 'only_here')).rejects.toMatchObject({ code: 'INDEX_UNREACHABLE' });
});

test.each([
  ['too many bytes', ' '.repeat(4 * 1024 * 1024 + 1), 'has more than 4194304 bytes'],
  ['a million items', `{"index":[${'1,'.repeat(999_999)}1],"signature":1}`, 'keys and items'],
  ['a hundred thousand levels', '['.repeat(100_000) + ']'.repeat(100_000), 'nests deeper than 64 levels'],
  ['no JSON', '<html>', 'is not JSON'],
  ['nothing in it', '{}', 'lacks "index" or "signature"'],
  ['no object', '[]', 'is no object'],
])('[FAULTS-86] an index with %s is refused', async (_what, text, said) => {
  await using served = await serveWith((_request, response) => response.end(text));
  for (const place of [served.url, await copied(() => text)])
    await expect(readIndex({ place }, reading)).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      message: expect.stringContaining(said),
    });
});

test('[FAULTS-79] an index by the right key whose file leaves the folder is refused', async () => {
  const { index } = await readIndex({ place: folder }, reading);
  const text = JSON.stringify(index).replaceAll('weather-1.0.0.tgz', '../secret.tgz');
  const target = await copied(() => sealIndex(JSON.parse(text) as PluginIndex, { privateKey: bench.keys.privateKey }));
  await expect(take('weather', '1.0.0', target)).rejects.toMatchObject({ code: 'INDEX_INVALID' });
});

test('[FAULTS-99] a redirect to the same host is followed thrice, one to another host never', async () => {
  const asked: string[] = [];
  await using other = await serveWith((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  const text = await readFile(join(folder, 'index.json'));
  await using served = await serveWith((request, response) => {
    const [, hops = '0'] = /^\/(\d+|away|up)\//.exec(request.url ?? '') ?? [];
    const location =
      hops === 'away'
        ? `${other.url}index.json`
        : hops === 'up'
          ? 'http://user@127.0.0.1:1/x'
          : `/${Number(hops) - 1}/index.json`;
    if (hops === '0') response.end(text);
    else response.writeHead(302, { location }).end();
  });
  const at = (path: string): Promise<unknown> => readIndex({ place: `${served.url}${path}/` }, reading);
  expect(await at('3')).toMatchObject({ index: { serial: 2 } });
  for (const path of ['4', 'away', 'up']) await expect(at(path)).rejects.toMatchObject({ code: 'INDEX_UNREACHABLE' });
  expect(asked).toEqual([]);
});

test('an address that cannot be reached, or is none, is refused with what is wrong', async () => {
  const gone = await serveFolder(folder);
  await gone[Symbol.asyncDispose]();
  const cases: readonly (readonly [string, string])[] = [
    [gone.url, 'ECONNREFUSED'],
    [`${web.url}nowhere/`, 'answered 404'],
    ['https://index.invalid/', 'cannot be fetched'],
    ['http://example.com/', 'over https'],
    ['http://127.0.0.1.example.com/', 'over https'],
    ['ftp://127.0.0.1/', 'over https'],
    ['file:///etc/', 'over https'],
    ['https://user:secret@example.com/', 'a user, a query or a fragment'],
    ['https://example.com/?x=1', 'a user, a query or a fragment'],
    ['https://', 'is no address'],
    [join(bench.root, 'nowhere'), 'ENOENT'],
  ];
  for (const [place, said] of cases) {
    const refused = await readIndex({ place }, reading).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'INDEX_UNREACHABLE', message: expect.stringContaining(said) });
    expect(String(refused)).not.toContain('secret');
  }
});

function* zeros(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536);
}

test('[FAULTS-81] an answer without an end is read to the size that the index says', async () => {
  await using served = await serveWith((request, response) => {
    if (request.url === '/index.json')
      return void readFile(join(folder, 'index.json')).then((text) => response.end(text));
    pipeline(Readable.from(zeros()), response).catch(() => undefined); // Whoever asked has heard enough.
  });
  await expect(take('weather', '1.0.0', served.url)).rejects.toMatchObject({ code: 'ARCHIVE_CHECKSUM' });
});

test('the largest index is opened in the time of a call', { timeout: 60_000 }, async () => {
  const { index } = await readIndex({ place: folder }, reading);
  const [one] = index.plugins.find(({ name }) => name === 'weather')?.versions ?? [];
  if (one === undefined) throw new Error('weather is listed');
  const versions = Array.from({ length: 2_000 }, (_, patch) => ({ ...one, version: `1.0.${patch}` }));
  const text = sealIndex({ ...index, plugins: [{ name: 'weather', versions }] }, { privateKey: bench.keys.privateKey });
  expect(openIndex(text, { place: 'x', now: NOW }).index.plugins[0]?.versions).toHaveLength(2_000);
  const many = Array.from({ length: 5_000 }, (_, patch) => ({ ...one, version: `1.0.${patch}` }));
  expect(() =>
    sealIndex({ ...index, plugins: [{ name: 'weather', versions: many }] }, { privateKey: bench.keys.privateKey }),
  ).toThrow(expect.objectContaining({ code: 'INDEX_REFUSED' }));
});
