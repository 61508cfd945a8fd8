/**
 * A frozen tree of files as bytes: the same files give the same bytes, and nothing but files is in it.
 *
 *   bulkhead-tree 1 LF
 *   <bytes of the list> LF
 *   the list as JSON, [[path, bytes, 1 where it may be executed], ...], sorted by path in code-unit order
 *   the files, one after the other
 *
 * Read as hostile: an archive may hold one that no host wrote.
 */
import { LIMITS } from '@bulkhead/protocol';

/** One file; `path` has "/" between its parts. */
export type TreeFile = { readonly path: string; readonly bytes: Uint8Array; readonly isExecutable: boolean };

/** The files, or what is wrong with the bytes, as the rest of a sentence. */
export type UnpackedTree =
  { readonly ok: true; readonly files: readonly TreeFile[] } | { readonly ok: false; readonly fault: string };

const FIRST_LINE = 'bulkhead-tree 1\n';
const HEAD = /^bulkhead-tree 1\n(\d{1,8})\n/;
const HEAD_BYTES_MAX = 32;

/** Writes the files as bytes. */
export function packTree(files: readonly TreeFile[]): Uint8Array {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const list = sorted.map(({ path, bytes, isExecutable }) => [path, bytes.length, isExecutable ? 1 : 0]);
  const listed = Buffer.from(JSON.stringify(list));
  const head = Buffer.from(`${FIRST_LINE}${listed.length}\n`);
  return new Uint8Array(Buffer.concat([head, listed, ...sorted.map(({ bytes }) => bytes)]));
}

/** Reads them back; the files are views of the bytes. */
export function unpackTree(bytes: Uint8Array): UnpackedTree {
  const head = HEAD.exec(Buffer.from(bytes.subarray(0, HEAD_BYTES_MAX)).toString('latin1'));
  const start = head?.[0].length ?? 0;
  const end = start + Number(head?.[1]);
  if (head === null || end > bytes.length) return { ok: false, fault: 'is no frozen tree' };
  const list = parseList(bytes.subarray(start, end));
  if (list === undefined) return { ok: false, fault: 'has a list that is none' };
  const files: TreeFile[] = [];
  let at = end;
  let before = '';
  for (const { path, size, isExecutable } of list) {
    const fault = treePathFault(path) ?? (path <= before ? 'is not in its place of the list' : undefined);
    if (fault !== undefined)
      return { ok: false, fault: `has the path ${JSON.stringify(path.slice(0, 200))}, which ${fault}` };
    files.push({ path, bytes: bytes.subarray(at, at + size), isExecutable });
    at += size;
    before = path;
  }
  return at === bytes.length ? clashless(files) : { ok: false, fault: 'has another length than its list says' };
}

/** Says what is wrong with a path of a tree, as the rest of a sentence; undefined where nothing is. */
export function treePathFault(path: string): string | undefined {
  if (path === '' || path.length > LIMITS.tree_path_characters.value)
    return `is empty, or longer than ${LIMITS.tree_path_characters.value} characters`;
  // oxlint-disable-next-line no-control-regex -- refusing them is what it is for
  if (/[\u0000-\u001f\\]/.test(path)) return 'has a control character or a backslash';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'does not stay inside';
  return parts.length > LIMITS.source_depth.value ? `is deeper than ${LIMITS.source_depth.value} folders` : undefined;
}

/** A path that is a file and a folder, too, could not be written. */
function clashless(files: readonly TreeFile[]): UnpackedTree {
  const names = new Set(files.map(({ path }) => path));
  const clash = files.find(({ path }) => {
    const parts = path.split('/');
    return parts.some((_, index) => index > 0 && names.has(parts.slice(0, index).join('/')));
  });
  return clash === undefined ? { ok: true, files } : { ok: false, fault: `has "${clash.path}" below a file` };
}

type Listed = { readonly path: string; readonly size: number; readonly isExecutable: boolean };

function parseList(bytes: Uint8Array): readonly Listed[] | undefined {
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(list) || list.length > LIMITS.tree_files.value) return undefined;
  const parsed = list.map(parseListed);
  return parsed.every((one) => one !== undefined) ? parsed : undefined;
}

function parseListed(value: unknown): Listed | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [path, size, mode]: readonly unknown[] = value;
  if (typeof path !== 'string' || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  return mode === 0 || mode === 1 ? { path, size, isExecutable: mode === 1 } : undefined;
}
