/**
 * What an index says of an archive, found out as an install would: its signature, its checksums, its manifest, the review and
 * the bundling, in the workshop. Nothing of it runs.
 */
import { createHash } from 'node:crypto';
import {
  hasErrors,
  type Dependency,
  type Finding,
  type IndexedReview,
  type IndexedVersion,
  type Manifest,
} from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import { bundleSource } from '../bundle/bundle-source.ts';
import { insistOnStatement } from '../install/judge-signature.ts';
import { isAllowedLicense } from '../review/judge-licenses.ts';
import { reviewSource } from '../review/review-source.ts';
import { verifySignature, type Envelope } from '../signing/signature.ts';
import { readSdk } from '../source/host-package.ts';
import { insistOnManifest } from '../source/manifest-file.ts';
import { readArchive } from '../source/read-archive.ts';
import type { SourceTree } from '../source/source-tree.ts';

/** An archive as it lies in the folder of an index. */
export type ArchiveInIndex = {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly signature: string | undefined;
};

/** What became of looking at an archive. */
export type IndexedArchive = { readonly name: string; readonly indexed: IndexedVersion };

/**
 * Looks at an archive. One whose review fails is blocked, with the reason; that is no error.
 *
 * @throws {HostError} where it cannot be named: `ARCHIVE_*`, `MANIFEST_INVALID`, `SIGNATURE_INVALID`; `REVIEW_LIMIT` where
 *   unpacking it passed the bounds.
 */
export async function indexArchive(archive: ArchiveInIndex, ask: AskWorkshop): Promise<IndexedArchive> {
  const { file, bytes } = archive;
  const signature = envelopeOf(archive);
  const source = await readArchive({ bytes, place: file }, ask);
  const manifest = insistOnManifest(source);
  if (signature !== null) insistOnStatement(signature.statement, manifest);
  const { findings, dependencies } = await reviewArchive({ source, manifest }, ask);
  const review = summary(findings);
  const about = describe(manifest, dependencies);
  const hash = { archive_sha256: createHash('sha256').update(bytes).digest('hex'), archive_bytes: bytes.length };
  const blocked = review.reason === null ? null : ({ by: 'review', reason: review.reason } as const);
  return { name: manifest.name, indexed: { ...about, file, ...hash, signature, review, blocked } };
}

/** An end of the signature is judged when somebody installs: an index of the same archives is the same on every day. */
const BEFORE_EVERY_END = Number.NEGATIVE_INFINITY;

function envelopeOf({ bytes, signature }: ArchiveInIndex): Envelope | null {
  return signature === undefined ? null : verifySignature(signature, bytes, BEFORE_EVERY_END);
}

type Read = { readonly source: SourceTree; readonly manifest: Manifest };
type Reviewed = { readonly findings: readonly Finding[]; readonly dependencies: readonly Dependency[] };

async function reviewArchive(read: Read, ask: AskWorkshop): Promise<Reviewed> {
  const stated = read.manifest.license === undefined ? [LICENSE_MISSING] : [];
  const { findings, dependencies } = await findingsOf(read, ask);
  return { findings: [...findings, ...stated], dependencies };
}

async function findingsOf({ source, manifest }: Read, ask: AskWorkshop): Promise<Reviewed> {
  try {
    const reviewed = await reviewSource({ source, manifest, supplied: [await readSdk()] }, ask);
    if (reviewed.kind === 'refused') return reviewed;
    if (reviewed.kind === 'missing') {
      const missing = reviewed.packages.map((name) => unpacked(name));
      return { findings: [...missing, ...reviewed.findings], dependencies: reviewed.dependencies };
    }
    const { dependencies } = reviewed.reviewed;
    const bundled = await bundleSource(reviewed.reviewed, ask);
    return { findings: bundled.kind === 'refused' ? bundled.findings : bundled.bundle.findings, dependencies };
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'REVIEW_LIMIT') throw error;
    const { code, message, hint } = error;
    return { findings: [failure(code, 'plugin.json', { message, hint })], dependencies: [] };
  }
}

/** Others are to use what an index lists, so it says under which terms (X000-34). */
const LICENSE_MISSING = failure('LICENSE_MISSING', 'plugin.json#/license', {
  message: 'the manifest states no licence, so nobody may use what the index lists',
  hint: 'Name one in plugin.json, such as MIT or Apache-2.0, and pack anew.',
});

function unpacked(name: string): Finding {
  const message = `the package "${name}" is imported and not in the archive`;
  return failure('PACKAGE_MISSING', 'plugin.json', { message, hint: 'Pack the folder with `bulkhead pack DIR`.' });
}

function failure(id: string, path: string, about: { readonly message: string; readonly hint: string }): Finding {
  return { id, severity: 'error', path, line: null, ...about };
}

const REASON_CHARACTERS_MAX = 500;
const IDS_MAX = 100;

function summary(findings: readonly Finding[]): IndexedReview {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const ids = [...new Set(findings.map(({ id }) => id))].toSorted().slice(0, IDS_MAX);
  return {
    status: hasErrors(findings) ? 'failed' : 'passed',
    errors: errors.length,
    warnings: findings.filter(({ severity }) => severity === 'warning').length,
    finding_ids: ids,
    reason: errors[0] === undefined ? null : reasonOf(errors[0]),
  };
}

function reasonOf({ id, path, line, message }: Finding): string {
  return `${path}${line === null ? '' : `:${line}`}: ${message} (${id})`.slice(0, REASON_CHARACTERS_MAX);
}

type Description = Omit<
  IndexedVersion,
  'file' | 'archive_sha256' | 'archive_bytes' | 'signature' | 'review' | 'blocked'
>;

function describe(manifest: Manifest, dependencies: readonly Dependency[]): Description {
  const { version, description, author, license, capabilities, compatible_versions, optional_permissions } = manifest;
  return {
    version,
    description,
    author,
    license: { id: license ?? null, is_allowed: license !== undefined && isAllowedLicense(license) },
    capabilities: [...capabilities],
    required_permissions: [...manifest.required_permissions],
    ...(optional_permissions.length > 0 && { optional_permissions: [...optional_permissions] }),
    network_hosts: [...manifest.network.allow],
    compatible_versions: compatible_versions ?? null,
    requires: manifest.dependencies.map(({ name, range }) => (range === '*' ? name : `${name}${range}`)),
    dependencies: dependencies.map((dependency) => ({ ...dependency })),
  };
}
