/**
 * What an artifact is as bytes, and its digest: the name of a release everywhere.
 *
 *   bulkhead-artifact 1 LF
 *   <bytes of manifest> SP <bytes of module> LF
 *   manifest as canonical JSON (keys in code-unit order, no spaces, UTF-8)
 *   module, as it is
 *
 * The digest is SHA-256 over all of it, so a stored file can be checked by anybody with sha256sum.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, parseDigest, parseManifest, type Digest, type Manifest } from '@bulkhead/protocol';
import { HostError, assertInvariant } from '../base/host-error.ts';
import type { Bundle } from '../bundle/bundle-source.ts';
import type { FrozenTree } from '../source/freeze-tree.ts';

declare const stored: unique symbol;

/** What a store takes: a bundled plugin, or the frozen files of an MCP server, which then are the module. */
export type Storable = Bundle | FrozenTree;

/** An artifact that a store holds; only the stores of this folder make one. `sourceMap` is outside the digest. */
export type StoredArtifact = {
  readonly [stored]: true;
  readonly digest: Digest;
  readonly manifest: Manifest;
  readonly module: Uint8Array;
  readonly sourceMap: Uint8Array | undefined;
};

/** Changes with the form of the bytes; it is part of the path, so that a store of another form is left alone. */
export const ARTIFACT_FORMAT = 1;

const FIRST_LINE = `bulkhead-artifact ${ARTIFACT_FORMAT}\n`;

/** Writes an artifact's bytes. Same manifest and module, same bytes, whatever the order of the manifest's keys. */
export function encodeArtifact({ manifest, module }: Pick<Storable, 'manifest' | 'module'>): Uint8Array {
  const manifestBytes = Buffer.from(canonicalJson(manifest.source));
  const head = Buffer.from(`${FIRST_LINE}${manifestBytes.length} ${module.length}\n`);
  return new Uint8Array(Buffer.concat([head, manifestBytes, module]));
}

/** Returns the digest of an artifact's bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  const digest = parseDigest(createHash('sha256').update(bytes).digest('hex'));
  assertInvariant(digest !== undefined, 'SHA-256 gives 64 hex digits');
  return digest;
}

/**
 * Reads an artifact that was stored under a digest.
 *
 * @throws {HostError} `ARTIFACT_CORRUPT` where the bytes are not those of the digest, or no artifact.
 */
export function decodeArtifact(bytes: Uint8Array, digest: Digest, sourceMap: Uint8Array | undefined): StoredArtifact {
  const observed = digestOf(bytes);
  if (observed !== digest) throw corrupt(digest, `its bytes have the digest ${observed}`);
  const { manifest, module } = split(bytes, digest);
  const artifact: Omit<StoredArtifact, typeof stored> = { digest, manifest, module, sourceMap };
  return artifact as StoredArtifact; // The only place that makes one.
}

function split(bytes: Uint8Array, digest: Digest): { readonly manifest: Manifest; readonly module: Uint8Array } {
  const head = /^bulkhead-artifact 1\n(\d{1,9}) (\d{1,9})\n/.exec(
    Buffer.from(bytes.subarray(0, HEAD_BYTES_MAX)).toString('latin1'),
  );
  const start = head?.[0].length ?? 0;
  const end = start + Number(head?.[1]);
  if (head === null || end + Number(head[2]) !== bytes.length)
    throw corrupt(digest, 'its head does not fit its length');
  const parsed = parseManifest(JSON.parse(Buffer.from(bytes.subarray(start, end)).toString('utf8')));
  // The digest holds, so this host wrote it: an older version of it, with another idea of a manifest.
  if (!parsed.ok) throw corrupt(digest, `its manifest is no longer valid: ${parsed.findings[0]?.message ?? ''}`);
  return { manifest: parsed.manifest, module: bytes.subarray(end) };
}

const HEAD_BYTES_MAX = 64;

function corrupt(digest: Digest, why: string): HostError {
  return new HostError('ARTIFACT_CORRUPT', { message: `artifact ${digest} is not what it was: ${why}` });
}
