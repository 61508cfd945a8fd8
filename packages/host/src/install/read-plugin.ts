/**
 * The first steps of an install, which know in what form a plugin came: a folder is read, an archive is judged by its
 * signature, unpacked and read. After them nobody asks for the form.
 */
import { createHash } from 'node:crypto';
import type { Finding, Manifest, ReleaseOrigin } from '@bulkhead/protocol';
import { isArchiveFile, readArchiveFile } from '../source/archive-file.ts';
import { insistOnManifest } from '../source/manifest-file.ts';
import { readArchive } from '../source/read-archive.ts';
import { OPERATOR_FOLDER, readSource } from '../source/read-source.ts';
import type { SourceTree } from '../source/source-tree.ts';
import type { IndexedFrom } from '../plugin-index/read-index.ts';
import type { InstallPath, InstallRequest } from './install-path.ts';
import { insistOnListed, insistOnNewerIndex } from './judge-index.ts';
import { judgeSignature, openSignature } from './judge-signature.ts';
import { resemblances } from './resemblances.ts';

/** In what form a plugin comes; `place` says where from, for the operator. */
export type InstallFrom =
  | { readonly kind: 'folder'; readonly dir: string }
  | {
      readonly kind: 'archive';
      readonly form: 'archive' | 'npm';
      readonly place: string;
      readonly bytes: Uint8Array;
      /** Text of the signature, undefined where there is none. */
      readonly signature: string | undefined;
      readonly index?: IndexedFrom;
    };

/** A plugin that was read; `findings` are warnings about how it came. */
export type ReadPlugin = {
  readonly source: SourceTree;
  readonly manifest: Manifest;
  readonly origin: Omit<ReleaseOrigin, 'dependencies'>;
  readonly findings: readonly Finding[];
};

/** What lies at a path of the operator's: a file is an archive, with its signature beside it. @throws {HostError} `SOURCE_NOT_FOUND`, `ARCHIVE_TOO_LARGE`. */
export async function fromPath(path: string): Promise<InstallFrom> {
  if (!(await isArchiveFile(path))) return { kind: 'folder', dir: path };
  return { kind: 'archive', form: 'archive', place: path, ...(await readArchiveFile(path)) };
}

/**
 * Reads the plugin of a request.
 *
 * @throws {HostError} `SOURCE_*`, `ARCHIVE_*`, `MANIFEST_INVALID`, `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `INDEX_STALE`,
 *   `INDEX_INVALID`.
 */
export function readPlugin(path: InstallPath, request: InstallRequest): Promise<ReadPlugin> {
  const { from } = request;
  return from.kind === 'folder' ? readFolder(path, from.dir, request) : readPacked(path, from);
}

/** What the operator named on the command line or in code is vouched for; what came over the API only by a signature. */
async function readFolder(path: InstallPath, dir: string, { candidate }: InstallRequest): Promise<ReadPlugin> {
  const source = await readSource(dir, OPERATOR_FOLDER);
  const manifest = insistOnManifest(source);
  const known = path.releases.releasesOf(manifest.name);
  if (candidate !== undefined) judgeSignature(undefined, manifest, { policy: path.signatures, known });
  return { source, manifest, origin: { form: 'folder', archive_sha256: null, signed_by: null }, findings: [] };
}

async function readPacked(path: InstallPath, from: InstallFrom & { readonly kind: 'archive' }): Promise<ReadPlugin> {
  const { bytes, form, place, signature, index } = from;
  const { signatures: policy, releases } = path;
  await insistOnNewerIndex(index?.origin, path);
  const signed = openSignature(signature, { bytes, now: path.clock.wallTime() }, policy);
  const source = await readArchive({ bytes, place }, path.workshop.ask);
  const manifest = insistOnManifest(source);
  insistOnListed(index, manifest);
  const known = releases.releasesOf(manifest.name);
  const findings = [
    ...judgeSignature(signed, manifest, { policy, known }),
    ...resemblances(manifest.name, releases.plugins()),
  ];
  const archive_sha256 = createHash('sha256').update(bytes).digest('hex');
  const origin = { form, archive_sha256, signed_by: signed?.signer ?? null };
  return { source, manifest, origin: { ...origin, ...(index !== undefined && { index: index.origin }) }, findings };
}
