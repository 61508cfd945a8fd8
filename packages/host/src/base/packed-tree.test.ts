import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packTree, unpackTree, type TreeFile } from './packed-tree.ts';

const part = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const file = fc.record({ path, bytes: fc.uint8Array({ maxLength: 64 }), isExecutable: fc.boolean() });
const tree = fc.uniqueArray(file, { selector: (one) => one.path, maxLength: 12 }).filter((files) => {
  const names = files.map((one) => one.path);
  return !names.some((a) => names.some((b) => b.startsWith(`${a}/`)));
});

test('a tree comes back as it was, and the order of its files changes no byte', () => {
  fc.assert(
    fc.property(tree, (files) => {
      const packed = packTree(files);
      expect(Buffer.from(packed).equals(packTree(files.toReversed()))).toBe(true);
      const unpacked = unpackTree(packed);
      const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
      expect(unpacked.ok ? unpacked.files.map(plainly) : unpacked).toEqual(sorted.map(plainly));
    }),
  );
});

const plainly = ({ bytes, ...one }: TreeFile) => ({ ...one, bytes: [...bytes] });

function bytesOf(list: unknown, content = ''): Uint8Array {
  const text = JSON.stringify(list);
  return Buffer.from(`bulkhead-tree 1\n${Buffer.byteLength(text)}\n${text}${content}`);
}

test.each([
  ['another first line', Buffer.from('bulkhead-tree 2\n2\n[]')],
  ['a list beyond its end', Buffer.from('bulkhead-tree 1\n99\n[]')],
  ['a list that is no list', bytesOf({})],
  ['a path that leaves the folder', bytesOf([['../a', 1, 0]], 'a')],
  ['an absolute path', bytesOf([['/a', 1, 0]], 'a')],
  ['a path with a NUL', bytesOf([['a\0', 1, 0]], 'a')],
  [
    'a path twice',
    bytesOf(
      [
        ['a', 1, 0],
        ['a', 1, 0],
      ],
      'ab',
    ),
  ],
  [
    'paths out of order',
    bytesOf(
      [
        ['b', 1, 0],
        ['a', 1, 0],
      ],
      'ab',
    ),
  ],
  [
    'a file that is a folder',
    bytesOf(
      [
        ['a', 1, 0],
        ['a/b', 1, 0],
      ],
      'ab',
    ),
  ],
  ['a size that is none', bytesOf([['a', -1, 0]])],
  ['a mode that is none', bytesOf([['a', 0, 7]])],
  ['bytes that belong to no file', bytesOf([['a', 1, 0]], 'ab')],
])('[FAULTS-79] %s is no tree', (_, bytes) => {
  expect(unpackTree(bytes)).toMatchObject({ ok: false });
});

test('whatever bytes come, the answer is a tree or a fault', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (list, content) => {
      expect(typeof unpackTree(bytesOf(list, content)).ok).toBe('boolean');
    }),
  );
});
