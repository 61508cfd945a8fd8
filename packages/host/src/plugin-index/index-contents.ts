/**
 * What is in an index, without reading or writing one: entries in their order, what is blocked, which release somebody gets
 * who asks for a plugin, and what a search finds.
 *
 * X1: A version that is listed keeps its bytes: other bytes of it are refused, never listed in its place.
 * X2: What the operator blocked stays blocked, also when its archive comes again, until it is unblocked.
 * X3: What the review blocked is unblocked by nobody; a version that passes takes its place.
 */
import type {
  IndexDecision,
  IndexWanted,
  IndexedBlock,
  IndexedPlugin,
  IndexedVersion,
  PluginIndex,
} from '@bulkhead/protocol';
import { compare, satisfies } from 'semver';
import { HostError } from '../base/host-error.ts';
import type { IndexedArchive } from './indexed-archive.ts';

/** An index without its serial, which follows from what it was before. */
export type IndexContents = Omit<PluginIndex, 'schema_v' | 'serial'>;

/** Puts archives into an order that depends on nothing but them, and blocks what the decisions say. */
export function composeIndex(
  name: string,
  archives: readonly IndexedArchive[],
  blocks: readonly IndexDecision[],
): IndexContents {
  const names = [...new Set(archives.map((archive) => archive.name))].toSorted();
  const plugins = names.map((plugin): IndexedPlugin => {
    const own = archives.filter((archive) => archive.name === plugin).map(({ indexed }) => indexed);
    const versions = own.toSorted(highestFirst).map((one) => ({ ...one, blocked: blockOf(plugin, one, blocks) }));
    return { name: plugin, versions };
  });
  return { name, blocks: blocks.toSorted(byName), plugins };
}

/** Entries of an index that there is, as {@link composeIndex} takes them. */
export function archivesOf({ plugins }: Pick<PluginIndex, 'plugins'>): readonly IndexedArchive[] {
  return plugins.flatMap(({ name, versions }) => versions.map((indexed) => ({ name, indexed })));
}

function highestFirst(one: IndexedVersion, other: IndexedVersion): number {
  // Versions that differ in their build alone are equal to semver.
  return compare(other.version, one.version) || (one.version < other.version ? 1 : -1);
}

function byName(one: IndexDecision, other: IndexDecision): number {
  const key = ({ name, version }: IndexDecision): string => `${name} ${version ?? ''}`;
  return key(one) < key(other) ? -1 : 1;
}

function blockOf(
  name: string,
  { version, review }: IndexedVersion,
  blocks: readonly IndexDecision[],
): IndexedBlock | null {
  const decision = blocks.find((block) => block.name === name && (block.version === null || block.version === version));
  if (decision !== undefined) return { by: 'operator', reason: decision.reason };
  return review.reason === null ? null : { by: 'review', reason: review.reason };
}

/** Insists on X1. @throws {HostError} `RELEASE_EXISTS`. */
export function insistOnSameBytes(before: readonly IndexedArchive[], archives: readonly IndexedArchive[]): void {
  for (const { name, indexed } of archives) {
    const { version, archive_sha256: is } = indexed;
    const was = before.find((one) => one.name === name && one.indexed.version === version)?.indexed.archive_sha256;
    if (was === undefined || was === is) continue;
    throw new HostError('RELEASE_EXISTS', {
      message: `the index lists ${name} ${version} with SHA-256 ${was}; ${indexed.file} has ${is}`,
      hint: 'Raise the version in plugin.json and pack anew: a version that is out is never another.',
    });
  }
}

/**
 * Insists that a name stays its first signer's (FAULTS 92): releases that are new are signed by a key that signed one before.
 *
 * @throws {HostError} `SIGNATURE_INVALID`.
 */
export function insistOnPublishers(before: readonly IndexedArchive[], archives: readonly IndexedArchive[]): void {
  const known = [...before];
  for (const archive of archives) {
    const isListed = before.some(
      ({ name, indexed }) => name === archive.name && indexed.version === archive.indexed.version,
    );
    const keys = known.flatMap(({ name, indexed }) =>
      name === archive.name && indexed.signature !== null ? [indexed.signature.public_key] : [],
    );
    if (!isListed) insistOnPublisher(archive, keys);
    known.push(archive);
  }
}

function insistOnPublisher({ name, indexed: { file, signature } }: IndexedArchive, keys: readonly string[]): void {
  const [first] = keys;
  if (first === undefined || (signature !== null && keys.includes(signature.public_key))) return;
  throw new HostError('SIGNATURE_INVALID', {
    message: `releases of ${name} in the index are signed by ${first}; ${file} is signed by ${signature?.public_key ?? 'nobody'}`,
    hint: 'Ask the publisher whether its key has changed; then take it with --accept-new-publisher.',
  });
}

/**
 * What whoever keeps an index blocks or unblocks: a version, or, where that is null, all of a plugin.
 *
 * @public
 */
export type BlockTarget = { readonly name: string; readonly version: string | null };

/** Blocks a version, or all of a plugin, also one that is not listed yet. */
export function blockIn(contents: IndexContents, { name, version }: BlockTarget, reason: string): IndexContents {
  const others = contents.blocks.filter((block) => block.name !== name || block.version !== version);
  return composeIndex(contents.name, archivesOf(contents), [...others, { name, version, reason }]);
}

/** Takes a block back. @throws {HostError} `RELEASE_NOT_FOUND` where the operator has blocked no such thing. */
export function unblockIn(contents: IndexContents, { name, version }: BlockTarget): IndexContents {
  const others = contents.blocks.filter((block) => block.name !== name || block.version !== version);
  if (others.length < contents.blocks.length) return composeIndex(contents.name, archivesOf(contents), others);
  const found = contents.plugins.find((plugin) => plugin.name === name)?.versions ?? [];
  const blocked = found.find((one) => version === null || one.version === version)?.blocked;
  throw new HostError('RELEASE_NOT_FOUND', {
    message: `the operator of the index has not blocked ${name}${version === null ? '' : ` ${version}`}`,
    hint: hintFor(name, blocked ?? null),
  });
}

/** X3, and a block of all versions that a word for one does not lift. */
function hintFor(name: string, blocked: IndexedBlock | null): string {
  if (blocked?.by === 'review') return 'Its review did: mend what the reason names, raise the version, and add that.';
  if (blocked?.by === 'operator')
    return `All of it is blocked, or single versions are: unblock those, as \`${name}\` or \`${name}@VERSION\`.`;
  return '`bulkhead index search INDEX` shows what is blocked, and by whom.';
}

/**
 * Chooses the release that somebody gets: the version that was named, or the highest that is no pre-release, is not blocked, and
 * runs on this platform.
 *
 * @throws {HostError} `RELEASE_NOT_FOUND`; `INDEX_BLOCKED` with the reason.
 */
export function chooseVersion(index: PluginIndex, wanted: IndexWanted, platformVersion: string): IndexedVersion {
  const versions = index.plugins.find(({ name }) => name === wanted.name)?.versions ?? [];
  const { version } = wanted;
  const matching = versions.filter((one) =>
    version === undefined ? isOffered(one, platformVersion) : one.version === version,
  );
  const free = matching.find(({ blocked }) => blocked === null);
  if (free !== undefined) return free;
  const [first] = matching;
  if (first !== undefined) throw blockedRelease(index, wanted.name, first);
  const listed = versions
    .slice(0, SHOWN_VERSIONS)
    .map((one) => one.version)
    .join(', ');
  const what = version === undefined ? `${wanted.name} for Bulkhead ${platformVersion}` : `${wanted.name} ${version}`;
  throw new HostError('RELEASE_NOT_FOUND', {
    message: `the index "${index.name}" lists no ${what}${listed === '' ? '' : `; it lists ${listed}`}`,
    hint: '`bulkhead index search INDEX QUERY` shows what it lists.',
  });
}

const SHOWN_VERSIONS = 5;

function isOffered({ version, compatible_versions: range }: IndexedVersion, platformVersion: string): boolean {
  return !version.split('+', 1)[0]?.includes('-') && (range === null || satisfies(platformVersion, range));
}

function blockedRelease(index: PluginIndex, name: string, { version, blocked }: IndexedVersion): HostError {
  const who = blocked?.by === 'review' ? 'it failed its review' : 'whoever keeps it says why';
  return new HostError('INDEX_BLOCKED', {
    message: `${name} ${version} is blocked in the index "${index.name}" (${who}): ${blocked?.reason ?? ''}`,
  });
}

/**
 * What a search asks for: words that all have to stand in name, description or capabilities, and a capability that the newest
 * version has.
 *
 * @public
 */
export type IndexQuery = { readonly words: string; readonly capability?: string };

/**
 * A plugin that was found, by the version that somebody would get; by its highest where every one is blocked.
 *
 * @public
 */
export type FoundPlugin = Pick<
  IndexedVersion,
  'version' | 'description' | 'author' | 'license' | 'capabilities' | 'required_permissions' | 'review' | 'blocked'
> & {
  readonly optional_permissions: readonly string[];
  readonly name: string;
  readonly signed_by: string | null;
  readonly versions: readonly string[];
};

/**
 * Searches an index. A plugin of just that name comes first, then those with the words in their name, then by name.
 *
 * @public
 */
export function searchIndex({ plugins }: PluginIndex, { words, capability }: IndexQuery): readonly FoundPlugin[] {
  const asked = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = plugins.flatMap((plugin) => describeFound(plugin));
  const matching = found.filter(
    (one) =>
      asked.every((word) => textOf(one).includes(word)) &&
      (capability === undefined || one.capabilities.includes(capability)),
  );
  const rank = ({ name }: FoundPlugin): number => {
    if (name === words.toLowerCase()) return 0;
    return asked.every((word) => name.includes(word)) ? 1 : 2;
  };
  return matching.toSorted((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1));
}

function describeFound({ name, versions }: IndexedPlugin): readonly FoundPlugin[] {
  const one = versions.find(({ blocked }) => blocked === null) ?? versions[0];
  if (one === undefined) return [];
  const { version, description, author, license, capabilities, required_permissions, review, blocked } = one;
  const { optional_permissions = [] } = one;
  const about = { version, description, author, license, capabilities, required_permissions, review, blocked };
  const signed_by = one.signature?.public_key ?? null;
  return [{ name, ...about, optional_permissions, signed_by, versions: versions.map((other) => other.version) }];
}

function textOf({ name, description, capabilities }: FoundPlugin): string {
  return [name, description, ...capabilities].join('\n').toLowerCase();
}
