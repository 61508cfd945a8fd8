import { LIMITS, type ErrorCode } from '@bulkhead/protocol';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { foldedPath, pathFault } from '../base/archive-paths.ts';
import { HostError } from '../base/host-error.ts';
import { makeTar, makeTgz, makeZip, paxEntry, type TestEntry } from './archive.fixture.ts';
import { unpackArchive } from './unpack.ts';
import { writeTgz } from './write-tar.ts';

/** Both formats of the same entries. */
const FORMATS: readonly (readonly [string, (entries: readonly TestEntry[]) => Uint8Array])[] = [
  ['tgz', makeTgz],
  ['zip', makeZip],
];

const MAIN: TestEntry = { name: 'main.js', content: 'export default 1;' };

/** The code that refuses an archive, or its files as texts. */
async function outcomeOf(bytes: Uint8Array): Promise<ErrorCode | Record<string, string>> {
  try {
    const files = await unpackArchive(bytes);
    return Object.fromEntries([...files].map(([path, content]) => [path, Buffer.from(content).toString('utf8')]));
  } catch (error) {
    if (error instanceof HostError) return error.code;
    throw error;
  }
}

test.each(FORMATS)('a %s is read into its files', async (_, make) => {
  const entries = [MAIN, { name: 'lib/a.ts', content: 'a' }, { name: 'empty.json' }];
  expect(await outcomeOf(make(entries))).toEqual({ 'main.js': 'export default 1;', 'lib/a.ts': 'a', 'empty.json': '' });
});

test.each(FORMATS)('in a %s, one folder around all is the root, and hidden files are left out', async (_, make) => {
  const entries = [
    { name: 'package/main.js', content: 'a' },
    { name: 'package/.env', content: 'SECRET=1' },
    { name: '__MACOSX/._main.js', content: 'x' },
  ];
  expect(await outcomeOf(make(entries))).toEqual({ 'main.js': 'a' });
  expect(await outcomeOf(make([{ name: 'node_modules/a/index.js', content: 'a' }]))).toEqual({
    'node_modules/a/index.js': 'a',
  });
});

test.each(FORMATS)('in a %s, folders may be listed, and names begin with ./', async (_, make) => {
  const folder = { type: '5', mode: 0o40755 };
  const entries = [
    { name: './', ...folder },
    { name: './lib/', ...folder },
    { name: './lib/a.js', content: 'a' },
  ];
  expect(await outcomeOf(make([...entries, { name: './main.js' }]))).toEqual({ 'lib/a.js': 'a', 'main.js': '' });
});

test.each(
  [
    '../evil.js',
    'a/../../evil.js',
    '/etc/cron.d/evil',
    'a\\..\\evil.js',
    '..\\evil.js',
    'C:/evil.js',
    'C:evil.js',
    'file.js:stream',
    'a//b.js',
    'a/./b.js',
    'nul\0.js',
    'line\nfeed.js',
    'escape\u001b[2J.js',
    'right\u202eleft.js',
    'zero\u200bwidth.js',
    'trailing./a.js',
    'trailing /a.js',
    'aux.js',
    'COM1',
  ].flatMap((name) => FORMATS.map(([format, make]) => [name, format, make] as const)),
)('[FAULTS-79] [FAULTS-87] the name %j in a %s is refused', async (name, _, make) => {
  expect(await outcomeOf(make([MAIN, { name, content: 'x' }]))).toBe('ARCHIVE_PATH');
});

test.each(FORMATS)(
  '[FAULTS-79] a %s with a name of more than 200 characters, or of no UTF-8, is refused',
  async (_, make) => {
    const path = (characters: number): string => `${'a'.repeat(99)}/`.repeat(2).slice(0, characters);
    const long = make === makeTgz ? [paxEntry({ path: `${path(200)}b` }), { name: 'x' }] : [{ name: `${path(200)}b` }];
    expect(await outcomeOf(make(long))).toBe('ARCHIVE_PATH');
    expect(await outcomeOf(make([{ name: new Uint8Array([0x61, 0xff, 0x62]) }]))).toBe('ARCHIVE_PATH');
  },
);

test.each([
  ['a hard link', '1'],
  ['a symbolic link', '2'],
  ['a character device', '3'],
  ['a block device', '4'],
  ['a named pipe', '6'],
  ['a sparse file', 'S'],
  ['a multi-volume part', 'M'],
])('[FAULTS-80] [FAULTS-78] %s in a tgz is refused', async (_, type) => {
  expect(await outcomeOf(makeTgz([MAIN, { name: 'x', type }]))).toBe('ARCHIVE_ENTRY_TYPE');
});

test.each([
  ['a symbolic link', 0o120777],
  ['a device', 0o020644],
  ['a block device', 0o060644],
  ['a named pipe', 0o010644],
  ['a socket', 0o140644],
])('[FAULTS-80] [FAULTS-78] %s in a zip is refused', async (_, mode) => {
  expect(await outcomeOf(makeZip([MAIN, { name: 'x', mode, content: '/etc/passwd' }]))).toBe('ARCHIVE_ENTRY_TYPE');
});

test('[FAULTS-81] a bomb is refused by what it unpacks to, before that is held', async () => {
  const blank = new Uint8Array(LIMITS.archive_bytes.value + 1);
  const half = new Uint8Array(LIMITS.archive_bytes.value / 2);
  expect(await outcomeOf(makeTgz([{ name: 'a.json', content: blank }]))).toBe('ARCHIVE_TOO_LARGE');
  expect(await outcomeOf(makeZip([{ name: 'a.json', content: blank }]))).toBe('ARCHIVE_TOO_LARGE');
  expect(await outcomeOf(makeTgz([{ name: 'a.json', content: half }]))).toBe('ARCHIVE_TOO_LARGE');
  expect(await outcomeOf(makeZip([{ name: 'a.json', content: half }]))).toBe('ARCHIVE_TOO_LARGE');
  expect(await outcomeOf(gzipSync(Buffer.alloc(200 * 1024 * 1024)))).toBe('ARCHIVE_TOO_LARGE');
});

test('[FAULTS-81] a zip that says less than it unpacks to is refused', async () => {
  expect(await outcomeOf(makeZip([{ name: 'a.json', content: new Uint8Array(100_000), saidBytes: 10 }]))).toBe(
    'ARCHIVE_INVALID',
  );
});

test.each(FORMATS)('[FAULTS-82] a %s with 2,001 entries is refused, with 2,000 not', async (_, make) => {
  const entries = Array.from({ length: LIMITS.archive_entries.value }, (__, index) => ({ name: `f${index}` }));
  expect(Object.keys(await outcomeOf(make(entries)))).toHaveLength(LIMITS.archive_entries.value);
  expect(await outcomeOf(make([...entries, MAIN]))).toBe('ARCHIVE_ENTRIES');
  const many = Array.from({ length: 20_000 }, (__, index) => ({ name: `f${index}` }));
  expect(await outcomeOf(make(many))).toBe('ARCHIVE_ENTRIES');
});

test.each(FORMATS)('[FAULTS-82] a %s with folders 17 or 300 deep is refused, with 16 not', async (_, make) => {
  const deep = (levels: number): string => `${'d/'.repeat(levels)}a`;
  expect(await outcomeOf(make([MAIN, { name: deep(16) }]))).toEqual(expect.objectContaining({ [deep(16)]: '' }));
  expect(await outcomeOf(make([MAIN, { name: deep(17) }]))).toBe('ARCHIVE_ENTRIES');
  const name = deep(300);
  expect(await outcomeOf(make(make === makeTgz ? [paxEntry({ path: name }), MAIN] : [{ name }]))).toBe(
    'ARCHIVE_ENTRIES',
  );
});

test.each(
  [
    ['a.js', 'a.js'],
    ['A.js', 'a.js'],
    ['Lib/a.js', 'lib/b.js'],
    ['stra\u00dfe.js', 'strasse.js'],
    ['\u00e9.js', 'e\u0301.js'],
    ['\u212a.js', 'k.js'],
    ['a', 'a/b.js'],
    ['a/b.js', 'a'],
    ['a.js', './a.js'],
  ].flatMap(([first = '', second = '']) => FORMATS.map(([format, make]) => [first, second, format, make] as const)),
)('[FAULTS-83] %j beside %j in a %s is refused', async (first, second, _, make) => {
  const entries = [
    { name: first, content: '1' },
    { name: second, content: '2' },
  ];
  expect(await outcomeOf(make(entries))).toBe('ARCHIVE_DUPLICATE');
});

test.each(FORMATS)('[FAULTS-84] modes in a %s are of no effect', async (_, make) => {
  expect(await outcomeOf(make([{ ...MAIN, mode: 0o106777 }]))).toEqual({ 'main.js': 'export default 1;' });
});

const WHOLE = makeTar([MAIN]);

test.each<[string, () => Uint8Array]>([
  ['nothing', () => new Uint8Array()],
  ['text', () => Buffer.from('hello')],
  ['a tar without compression', () => WHOLE],
  ['compression that is cut off', () => makeTgz([MAIN]).subarray(0, 60)],
  ['broken compression', () => makeTgz([MAIN]).fill(0x55, 12, 40)],
  ['a tar that is cut off in a header', () => gzipSync(WHOLE.subarray(0, 700))],
  ['a tar that is cut off in a file', () => gzipSync(WHOLE.subarray(0, 512))],
  ['a tar without an end', () => makeTgz([MAIN], new Uint8Array())],
  ['a file behind the end of a tar', () => gzipSync(Buffer.concat([WHOLE, makeTar([{ name: 'b.js' }])]))],
  ['a header with a wrong checksum', () => makeTgz([{ ...MAIN, checksum: '0000001\0' }])],
  ['a size beyond the end', () => makeTgz([{ ...MAIN, saidBytes: 100_000 }])],
  ['a pax header with a second size', () => makeTgz([paxEntry({ size: '1' }), MAIN])],
  ['a pax path for all entries', () => makeTgz([paxEntry({ path: 'b.js' }, 'g'), MAIN])],
  ['a pax header that is none', () => makeTgz([{ name: 'x', type: 'x', content: '99999 path=a\n' }, MAIN])],
  ['a zip that is cut off', () => makeZip([MAIN]).subarray(0, 80)],
  ['a zip whose file has two names', () => makeZip([{ ...MAIN, localName: 'mine.js' }])],
  ['an encrypted zip', () => makeZip([{ ...MAIN, flags: 0x801 }])],
  ['a zip whose file is another', () => makeZip([{ ...MAIN, content: 'abc' }]).with(37, 0x01)],
])('[FAULTS-85] %s is refused as an archive that cannot be read', async (_, make) => {
  expect(await outcomeOf(make())).toBe('ARCHIVE_INVALID');
});

test('names of pax and of GNU are read', async () => {
  const long = `lib/${'x'.repeat(120)}.js`;
  expect(await outcomeOf(makeTgz([paxEntry({ path: long, mtime: '1.5' }), MAIN]))).toEqual({
    [long.slice(4)]: 'export default 1;',
  });
  expect(
    await outcomeOf(makeTgz([{ name: '././@LongLink', type: 'L', content: `${long}\0` }, MAIN, { name: 'b' }])),
  ).toEqual({
    [long]: 'export default 1;',
    b: '',
  });
  expect(await outcomeOf(makeTgz([paxEntry({ comment: 'a commit' }, 'g'), MAIN]))).toEqual({
    'main.js': 'export default 1;',
  });
});

const sum = (text: string): string => createHash('sha256').update(text).digest('hex');

test.each(FORMATS)('[X003-8] a %s is compared with the CHECKSUM.sha256 in it', async (_, make) => {
  const listed = (list: string): Uint8Array =>
    make([
      { name: 'a.js', content: 'a' },
      { name: 'CHECKSUM.sha256', content: list },
    ]);
  const right = `${sum('a')}  a.js\n`;
  expect(await outcomeOf(listed(right))).toEqual({ 'a.js': 'a', 'CHECKSUM.sha256': right });
  expect(await outcomeOf(listed(`${sum('b')}  a.js\n`))).toBe('ARCHIVE_CHECKSUM');
  expect(await outcomeOf(listed(''))).toBe('ARCHIVE_CHECKSUM');
  expect(await outcomeOf(listed(`${right}${sum('b')}  b.js\n`))).toBe('ARCHIVE_CHECKSUM');
  expect(await outcomeOf(listed(`${right}${right}`))).toBe('ARCHIVE_CHECKSUM');
  expect(await outcomeOf(listed('a.js is fine'))).toBe('ARCHIVE_CHECKSUM');
});

/** Names as strangers choose them: pieces of attacks in any order. */
const pieces = fc.constantFrom(
  'a',
  'A',
  'b',
  '..',
  '.',
  '/',
  '\\',
  '\0',
  ':',
  'c:',
  ' ',
  '\u00e9',
  'e\u0301',
  '\n',
  '\u202e',
  'nul',
);
const names = fc.array(pieces, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
const entries = fc.array(
  fc.record(
    {
      name: fc.oneof(
        names,
        fc.stringMatching(/^[ab]{1,2}(?:\/[ab]{1,2}){0,2}$/),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
      ),
      content: fc.oneof(fc.string(), fc.uint8Array({ maxLength: 2_000 })),
      type: fc.constantFrom('0', '0', '0', '5', '2', '1', 'x', 'g', 'L', 'S', '7'),
      mode: fc.constantFrom(0o100644, 0o100644, 0o40755, 0o120777, 0o10644, 0),
      saidBytes: fc.option(fc.nat(5_000), { nil: undefined, freq: 8 }),
    },
    { requiredKeys: ['name'] },
  ),
  { maxLength: 6 },
);

/** What holds of every archive that was not refused, whoever packed it. */
function checkAccepted(outcome: ErrorCode | Record<string, string>): void {
  if (typeof outcome === 'string') return expect(outcome).toMatch(/^ARCHIVE_/);
  const paths = Object.keys(outcome);
  expect(paths.map(pathFault).filter(Boolean)).toEqual([]);
  expect(new Set(paths.map(foldedPath)).size).toBe(paths.length);
}

test.each(FORMATS)(
  '[FAULTS-79] [FAULTS-83] whatever entries a %s has, what is read is plain paths, each once',
  async (_, make) => {
    await fc.assert(
      fc.asyncProperty(entries, async (made) => {
        const defined = made.map((entry) =>
          Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)),
        );
        checkAccepted(await outcomeOf(make(defined as unknown as TestEntry[]))); // The record, without its absent fields.
      }),
      { numRuns: 400 },
    );
  },
);

test('[FAULTS-85] whatever bytes come, they are files or a refusal, never another error', async () => {
  const tar = makeTar([
    MAIN,
    { name: 'lib/a.ts', content: 'a'.repeat(600) },
    paxEntry({ path: 'p.js' }),
    { name: 'x' },
  ]);
  const zip = makeZip([MAIN, { name: 'lib/a.ts', content: 'a'.repeat(600) }]);
  const spoilt = fc.record({ at: fc.nat(5_000), byte: fc.nat(255), cut: fc.option(fc.nat(5_000), { freq: 4 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(spoilt, { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, isTar) => {
      const bytes = Buffer.from(isTar ? tar : zip);
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      const cut = changes[0]?.cut ?? bytes.length;
      const whole = bytes.subarray(0, Math.max(4, cut));
      checkAccepted(await outcomeOf(isTar ? gzipSync(whole) : whole));
    }),
    { numRuns: 600 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom([0x1f, 0x8b, 8], [0x50, 0x4b, 3, 4], []),
      async (rest, mark) => {
        checkAccepted(await outcomeOf(new Uint8Array([...mark, ...rest])));
      },
    ),
    { numRuns: 300 },
  );
});

const tree = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,40}(?:\/[a-z]{1,40}){0,3}\.js$/), fc.uint8Array({ maxLength: 2_000 }), {
    maxKeys: 8,
  })
  .filter((files) =>
    Object.keys(files).every((path) => Object.keys(files).every((other) => !other.startsWith(`${path}/`))),
  )
  .filter((files) => Object.keys(files).every((path) => !/(?:^|\/)(?:con|prn|aux|nul)[./]/.test(path)));

test('what is packed is what is unpacked, and the same bytes whatever the order', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (files) => {
      const packed = writeTgz(new Map(Object.entries(files)), 'package');
      expect(Buffer.from(writeTgz(new Map(Object.entries(files).toReversed()), 'package')).equals(packed)).toBe(true);
      const unpacked = await unpackArchive(packed);
      expect(Object.fromEntries([...unpacked].map(([path, bytes]) => [path, [...bytes]]))).toEqual(
        Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, [...bytes]])),
      );
      expect(gunzipSync(packed).length % 10_240).toBe(0);
    }),
    { numRuns: 100 },
  );
});
