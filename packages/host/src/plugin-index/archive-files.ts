/**
 * The archives of an index that is kept here: looked at one after another, so that one is in memory at a time, with
 * everything that is wrong with any of them told at once.
 */
import { createHash, randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { INDEX_FILE_PATTERN, type Finding } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import { SIGNATURE_ENDING, isArchiveFile, readArchiveFile, type ArchiveFile } from '../source/archive-file.ts';
import { indexArchive, type IndexedArchive } from './indexed-archive.ts';

/**
 * Looks at archives, in the order of their paths.
 *
 * @throws {HostError} `INDEX_REFUSED` with a finding for each that cannot be listed.
 */
export async function lookAt(paths: readonly string[], ask: AskWorkshop): Promise<readonly IndexedArchive[]> {
  const archives: IndexedArchive[] = [];
  const refusals: Finding[] = [];
  for (const path of paths) {
    try {
      archives.push(await lookAtOne(path, ask));
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      refusals.push(refusal(error.code, basename(path), error));
    }
  }
  refusals.push(...doubles(archives));
  const [first] = refusals;
  if (first === undefined) return archives;
  const more = refusals.length > 1 ? ` (and ${refusals.length - 1} more)` : '';
  throw new HostError('INDEX_REFUSED', { message: `${first.path}: ${first.message}${more}`, findings: refusals });
}

async function lookAtOne(path: string, ask: AskWorkshop): Promise<IndexedArchive> {
  if (!(await isArchiveFile(path)))
    throw new HostError('SOURCE_NOT_FOUND', { message: `"${path}" is no file`, hint: 'Name a .tgz or .zip file.' });
  const { bytes, signature } = await readArchiveFile(path);
  return indexArchive({ file: basename(path), bytes, signature }, ask);
}

function doubles(archives: readonly IndexedArchive[]): readonly Finding[] {
  const seen = new Map<string, string>();
  return archives.flatMap(({ name, indexed: { version, file } }) => {
    const other = seen.get(`${name} ${version}`);
    seen.set(`${name} ${version}`, file);
    if (other === undefined) return [];
    const message = `it holds ${name} ${version}, and so does ${other}`;
    return [refusal('RELEASE_EXISTS', file, { message, hint: 'Keep one of the two.' })];
  });
}

function refusal(
  id: string,
  path: string,
  { message, hint }: { readonly message: string; readonly hint: string },
): Finding {
  return { id, severity: 'error', path, line: null, message, hint };
}

const FILE = new RegExp(INDEX_FILE_PATTERN);

/**
 * Puts an archive and its signature into an index's folder, where they do not lie there already.
 *
 * @returns what the index says of it, under the name of the file there.
 * @throws {HostError} `RELEASE_EXISTS` where another file has that name; `INDEX_REFUSED` where it changed since it was looked at.
 */
export async function copyInto(folder: string, path: string, looked: IndexedArchive): Promise<IndexedArchive> {
  const { name, indexed } = looked;
  if (dirname(path) === folder && FILE.test(indexed.file)) return looked;
  const archive = await readArchiveFile(path);
  if (sha256(archive.bytes) !== indexed.archive_sha256)
    throw new HostError('INDEX_REFUSED', {
      message: `"${path}" was changed while it was looked at`,
      hint: 'Add it again.',
    });
  const file = `${name}-${indexed.version}${isZip(archive.bytes) ? '.zip' : '.tgz'}`;
  await putBeside(join(folder, file), archive);
  return { name, indexed: { ...indexed, file } };
}

async function putBeside(target: string, { bytes, signature }: ArchiveFile): Promise<void> {
  const there = (await isArchiveFile(target)) ? await readArchiveFile(target) : undefined;
  if (there !== undefined && sha256(there.bytes) !== sha256(bytes))
    throw new HostError('RELEASE_EXISTS', {
      message: `"${target}" is there already, and is another archive`,
      hint: 'Raise the version, or take that file out of the folder.',
    });
  if (there === undefined) await writeWhole(target, bytes);
  if (signature !== undefined) await writeWhole(target + SIGNATURE_ENDING, signature);
}

/** Who fetches an archive meanwhile has all of it, or none. */
async function writeWhole(target: string, content: Uint8Array | string): Promise<void> {
  const draft = `${target}.${randomUUID()}`;
  try {
    await writeFile(draft, content, { flag: 'wx' });
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
