/**
 * Reading an index, of one's own or of another's: what it lists, whether all of it is as it was signed, and one archive of it
 * to install. An index is a stranger's until its signature was verified, and its archives are strangers' after that, too.
 */
import { createHash } from 'node:crypto';
import {
  LIMITS,
  type Finding,
  type IndexOrigin,
  type IndexWanted,
  type IndexedVersion,
  type PluginIndex,
} from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { PLATFORM_VERSION } from '../host/settings.ts';
import { verifySignature } from '../signing/signature.ts';
import { chooseVersion } from './index-contents.ts';
import { openPlace, type IndexPlace } from './index-place.ts';
import { INDEX_FILE, openIndex, type OpenedIndex } from './sealed-index.ts';

/**
 * An index by its folder or address, and the public key that must have signed it; without a key nobody vouches for it.
 *
 * @public
 */
export type IndexSource = { readonly place: string; readonly key?: string };

/**
 * An index that was read: its place, who signed it, and what it lists. `expires_at` is null where it holds for ever.
 *
 * @public
 */
export type ReadIndex = {
  readonly place: string;
  readonly key: string;
  readonly vouched: boolean;
  readonly signed_at: string;
  readonly expires_at: string | null;
  readonly index: PluginIndex;
};

/**
 * When an index is read, in milliseconds since 1970, and the least serial that it must have: what was seen of it before.
 * `didVerify` is told of each index that was verified, before anything of it is used; a rejection ends the reading.
 *
 * @public
 */
export type ReadingIndex = {
  readonly now: number;
  readonly serialMin?: number;
  readonly didVerify?: (origin: IndexOrigin) => Promise<void>;
};

/**
 * Reads and verifies the document of an index; no archive is fetched.
 *
 * @throws {HostError} `INDEX_UNREACHABLE`, `INDEX_INVALID`, `SIGNATURE_INVALID`; `INDEX_STALE` where it has ended, or is older
 *   than `serialMin`.
 * @public
 */
export async function readIndex(source: IndexSource, reading: ReadingIndex): Promise<ReadIndex> {
  return toRead(await fetchIndex(openPlace(source.place), source, reading));
}

/**
 * An index that was verified, archives included. `findings` say which of its files are not as it says; `ok` is false where
 * there are any.
 *
 * @public
 */
export type VerifiedIndex = Omit<ReadIndex, 'index'> & {
  readonly ok: boolean;
  readonly name: string;
  readonly serial: number;
  readonly plugins: number;
  readonly versions: number;
  readonly findings: readonly Finding[];
};

/**
 * Verifies an index and every archive that it lists: its bytes, and its signature. Archives are fetched, one after another,
 * and not unpacked.
 *
 * @throws {HostError} As {@link readIndex}; what is wrong with an archive is a finding.
 * @public
 */
export async function verifyIndex(source: IndexSource, reading: ReadingIndex): Promise<VerifiedIndex> {
  const place = openPlace(source.place);
  const { index, ...about } = toRead(await fetchIndex(place, source, reading));
  const listed = index.plugins.flatMap(({ name, versions }) => versions.map((one) => ({ name, one })));
  const findings: Finding[] = [];
  for (const { name, one } of listed) findings.push(...(await verifyListed(place, { name, one }, reading.now)));
  const { name, serial, plugins } = index;
  return {
    ok: findings.length === 0,
    ...about,
    name,
    serial,
    plugins: plugins.length,
    versions: listed.length,
    findings,
  };
}

/**
 * An archive of an index, as {@link Host.publish} takes it.
 *
 * @public
 */
export type IndexedUpload = {
  readonly bytes: Uint8Array;
  readonly signature?: string;
  readonly index: IndexedFrom;
};

/**
 * What an archive was taken for: the index that it is from, and the release that it was listed as.
 *
 * @public
 */
export type IndexedFrom = { readonly origin: IndexOrigin; readonly plugin: string; readonly version: string };

/**
 * Fetches a release from an index, whose key must be named.
 *
 * @returns the archive with its signature; its bytes are as the index says.
 * @throws {HostError} As {@link readIndex}; `RELEASE_NOT_FOUND`; `INDEX_BLOCKED` with the reason; `ARCHIVE_CHECKSUM`.
 * @public
 */
export async function fetchFromIndex(
  source: Required<IndexSource>,
  wanted: IndexWanted,
  reading: ReadingIndex,
): Promise<IndexedUpload> {
  const place = openPlace(source.place);
  const opened = await fetchIndex(place, source, reading);
  return fetchListed({ place, opened }, wanted);
}

/**
 * Fetches a release from the first of several indexes that lists its plugin. One that cannot be read ends it: whoever can keep
 * an index away must not decide that another answers for its names.
 *
 * @throws {HostError} As {@link fetchFromIndex}; `RELEASE_NOT_FOUND` where none lists it.
 * @public
 */
export async function fetchFromIndexes(
  sources: readonly Required<IndexSource>[],
  wanted: IndexWanted,
  reading: ReadingIndex,
): Promise<IndexedUpload> {
  for (const source of sources) {
    const place = openPlace(source.place);
    const opened = await fetchIndex(place, source, reading);
    if (opened.index.plugins.some(({ name }) => name === wanted.name)) return fetchListed({ place, opened }, wanted);
  }
  const message = `none of the ${sources.length} indexes lists ${wanted.name}`;
  throw new HostError('RELEASE_NOT_FOUND', {
    message,
    hint: '`bulkhead index search INDEX QUERY` shows what one lists.',
  });
}

type Opened = OpenedIndex & { readonly shown: string };

async function fetchIndex(
  place: IndexPlace,
  { key: publicKey }: IndexSource,
  { now, serialMin = 1, didVerify }: ReadingIndex,
): Promise<Opened> {
  const { value } = LIMITS.index_bytes;
  const bytes = await place.read(INDEX_FILE, value);
  if (bytes === undefined)
    throw new HostError('INDEX_INVALID', { message: `the index at ${place.shown} has more than ${value} bytes` });
  const opened = openIndex(Buffer.from(bytes).toString('utf8'), { place: place.shown, publicKey, now });
  const { serial } = opened.index;
  if (serial < serialMin)
    throw new HostError('INDEX_STALE', {
      message: `the index at ${place.shown} has serial ${serial}; ${serialMin} was seen before`,
    });
  const found = { ...opened, shown: place.shown };
  await didVerify?.(originOf(found));
  return found;
}

function originOf({ index, key, shown }: Opened): IndexOrigin {
  return { name: index.name, place: shown, key, serial: index.serial };
}

function toRead({ shown: place, key, isVouched: vouched, signedAt, expiresAt, index }: Opened): ReadIndex {
  return { place, key, vouched, signed_at: signedAt, expires_at: expiresAt, index };
}

async function fetchListed(
  { place, opened }: { readonly place: IndexPlace; readonly opened: Opened },
  wanted: IndexWanted,
): Promise<IndexedUpload> {
  const { index } = opened;
  const one = chooseVersion(index, wanted, PLATFORM_VERSION);
  const bytes = await fetchArchive(place, one);
  return {
    bytes,
    ...(one.signature !== null && { signature: JSON.stringify(one.signature) }),
    index: { origin: originOf(opened), plugin: wanted.name, version: one.version },
  };
}

/** @throws {HostError} `ARCHIVE_CHECKSUM`, `INDEX_UNREACHABLE`. */
async function fetchArchive(
  place: IndexPlace,
  { file, archive_sha256, archive_bytes }: IndexedVersion,
): Promise<Uint8Array> {
  const bytes = await place.read(file, archive_bytes);
  const is = bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex');
  if (bytes !== undefined && is === archive_sha256) return bytes;
  const found = is === undefined ? `has more than ${archive_bytes} bytes` : `has SHA-256 ${is}`;
  throw new HostError('ARCHIVE_CHECKSUM', {
    message: `${file} ${found}; the index says ${archive_sha256}, of ${archive_bytes} bytes`,
    hint: 'Take nothing from this index until whoever keeps it says why; a copy that is half renewed mends itself.',
  });
}

async function verifyListed(
  place: IndexPlace,
  { name, one }: { readonly name: string; readonly one: IndexedVersion },
  now: number,
): Promise<readonly Finding[]> {
  try {
    const bytes = await fetchArchive(place, one);
    if (one.signature !== null) insistOnListed(verifySignature(JSON.stringify(one.signature), bytes, now), name, one);
    return [];
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const { code: id, message, hint } = error;
    return [{ id, severity: 'error', path: one.file, line: null, message, hint }];
  }
}

function insistOnListed(
  { statement }: ReturnType<typeof verifySignature>,
  name: string,
  { version }: IndexedVersion,
): void {
  if (statement.name === name && statement.version === version) return;
  throw new HostError('SIGNATURE_INVALID', {
    message: `the signature is of ${statement.name} ${statement.version}, and the index lists ${name} ${version}`,
  });
}
