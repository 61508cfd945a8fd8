/**
 * Review and bundling of a plugin that the same user has had done before, by the same build, of the very same files: at the start of a
 * host that ends soon, where most of the wait would be for what came out the last time.
 *
 * A1: What is recalled is what was prepared of this content: the digest is over every file of the author's and every package of the
 *     host's, and each package that was looked up in node_modules is looked up again and compared.
 * A2: Only what passed is noted. What was refused, or lacks something, is looked at anew.
 */
import { createHash } from 'node:crypto';
import { isJsonObject, type Dependency, type JsonObject, type JsonValue, type Manifest } from '@bulkhead/protocol';
import { ownFile } from '../base/own-files.ts';
import { parseFindings } from '../base/parse-findings.ts';
import { recalledBundle } from '../bundle/bundle-source.ts';
import type { NoteBook } from '../sandbox/process/machine-notes.ts';
import type { PackageFiles, SourceTree } from '../source/source-tree.ts';
import { findNativeTools } from '../toolchain/native-tools.ts';
import type { PreparedArtifact } from './prepare-artifact.ts';

/** What is prepared, and what else decides how that ends; `notes` are the user's own. */
export type Recalling = {
  readonly source: SourceTree;
  readonly manifest: Manifest;
  readonly supplied: readonly PackageFiles[];
  readonly notes: NoteBook;
};

/** Recalls it, or has it prepared from the source that `prepare` is given, and notes it where it passed. */
export async function recallPrepared(
  { source, manifest, supplied, notes }: Recalling,
  prepare: (watched: SourceTree) => Promise<PreparedArtifact>,
): Promise<PreparedArtifact> {
  const what = `prepared ${digestOfSource(source, supplied)}`;
  const { bundler, parser } = findNativeTools();
  const tools = [process.execPath, ownFile('workshop.js'), import.meta.filename, bundler, parser];
  const noted = await readPrepared(await notes.read(what, tools), { source, manifest });
  if (noted !== undefined) return noted;
  const lookups: Lookup[] = [];
  const prepared = await prepare(watchedBy(lookups, source));
  if (prepared.kind === 'ready') await notes.write(what, tools, noteOf(prepared, lookups));
  return prepared;
}

/** A package that was asked for, and the digest of what was there; null for nothing. */
type Lookup = { readonly name: string; readonly from: string; readonly digest: string | null };

function watchedBy(lookups: Lookup[], source: SourceTree): SourceTree {
  const readPackage: SourceTree['readPackage'] = async (name, from) => {
    const found = await source.readPackage(name, from);
    lookups.push({ name, from, digest: digestOfPackage(found) });
    return found;
  };
  return { ...source, readPackage };
}

function digestOfSource({ files, oversized }: SourceTree, supplied: readonly PackageFiles[]): string {
  return digestOf([digestsOf(files), [...oversized].toSorted(byName), supplied.map(digestOfPackage)]);
}

function digestOfPackage(found: PackageFiles | undefined): string | null {
  if (found === undefined) return null;
  return digestOf([found.name, found.root, found.link ?? null, digestsOf(found.files)]);
}

function digestsOf(files: ReadonlyMap<string, Uint8Array>): JsonValue {
  const digests = [...files].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')] as const);
  return digests.toSorted(byName);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}

function digestOf(value: JsonValue): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

type Ready = Extract<PreparedArtifact, { readonly kind: 'ready' }>;

function noteOf({ bundle, dependencies }: Ready, lookups: readonly Lookup[]): JsonObject {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return {
    module: base64(bundle.module),
    source_map: bundle.sourceMap === undefined ? null : base64(bundle.sourceMap),
    findings: bundle.findings.map((finding) => ({ ...finding })),
    dependencies: dependencies.map((dependency) => ({ ...dependency })),
    lookups: lookups.map((lookup) => ({ ...lookup })),
  };
}

type Asked = { readonly source: SourceTree; readonly manifest: Manifest };

async function readPrepared(
  note: JsonValue | undefined,
  { source, manifest }: Asked,
): Promise<PreparedArtifact | undefined> {
  if (!isJsonObject(note)) return undefined;
  const { module, source_map: map, dependencies, lookups } = note;
  const findings = parseFindings(note['findings']);
  if (typeof module !== 'string' || findings === undefined) return undefined;
  if (!Array.isArray(dependencies) || !Array.isArray(lookups)) return undefined;
  for (const { name, from, digest } of lookups as readonly Lookup[])
    // The key is of this build, which wrote it.
    if (digestOfPackage(await source.readPackage(name, from)) !== digest) return undefined;
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
  const sourceMap = typeof map === 'string' ? bytes(map) : undefined;
  const bundle = recalledBundle({ manifest, module: bytes(module), sourceMap, findings });
  return { kind: 'ready', bundle, dependencies: dependencies as readonly Dependency[] }; // As the lookups are.
}
