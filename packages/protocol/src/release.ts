/**
 * What an administrator is shown of a release before it is used, as it crosses HTTP.
 */
import type { JsonValue } from './json.ts';

/**
 * Words that came and words that went, each sorted.
 *
 * @experimental
 */
export type WordChanges = { readonly added: readonly string[]; readonly removed: readonly string[] };

/**
 * A value that is another one; null where there is none.
 *
 * @experimental
 */
export type ValueChange = { readonly name: string; readonly from: JsonValue; readonly to: JsonValue };

/**
 * A tool that both releases have; `changes` names its fields that differ.
 *
 * @experimental
 */
export type ToolChange = { readonly name: string; readonly changes: readonly ValueChange[] };

/**
 * What a release has other than the one before it. `tools` is null where one of the two was never loaded, so that nobody
 * knows its tools.
 *
 * @experimental
 */
export type ReleaseDifferences = {
  readonly from_version: string;
  readonly to_version: string;
  /** Of those that it needs. */
  readonly permissions: WordChanges;
  /** Of those that it can do without. */
  readonly optional_permissions: WordChanges;
  /** Hosts with ports of `network.allow`. */
  readonly network: WordChanges;
  readonly hooks: WordChanges;
  /** By name; the value says where the secret may go. */
  readonly secrets: readonly ValueChange[];
  readonly limits: readonly ValueChange[];
  /** Versions of packages, by name; a package that is there twice has both. */
  readonly dependencies: readonly ValueChange[];
  readonly tools: (WordChanges & { readonly changed: readonly ToolChange[] }) | null;
};

/**
 * What a release asks for beyond the one in use: an administrator has to consent.
 *
 * @experimental
 */
export type ConsentAsked = {
  /** Host capabilities, to be named in `grant` or refused by leaving them out. */
  readonly permissions: readonly string[];
  /** Hosts that a release with the capability `internet` may reach in addition. */
  readonly hosts: readonly string[];
  /** Tools of an MCP server that are defined in another way, or are new. */
  readonly tools: readonly string[];
};

/**
 * Where a release came from. `archive_sha256` is of the file's bytes, null for a folder; `signed_by` is null where nobody
 * signed it; `dependencies` are the packages that the review reached; `index` is left out where it came from none.
 *
 * @public
 */
export type ReleaseOrigin = {
  readonly form: 'folder' | 'archive' | 'npm';
  readonly archive_sha256: string | null;
  readonly signed_by: Signer | null;
  readonly dependencies: readonly Dependency[];
  readonly index?: IndexOrigin;
};

/**
 * The index that a release came from: its name, the folder or address, the key that signed it, and its serial at that time.
 *
 * @public
 */
export type IndexOrigin = {
  readonly name: string;
  readonly place: string;
  readonly key: string;
  readonly serial: number;
};

/**
 * Who signed an archive: the kind of the signature, the public key, and when it says that it was made.
 *
 * @public
 */
export type Signer = { readonly kind: 'ed25519'; readonly key: string; readonly signed_at: string };

/**
 * A package that a release brings. Null where its package.json does not say; `path` is where it lies in the plugin.
 *
 * @public
 */
export type Dependency = {
  readonly name: string;
  readonly version: string | null;
  readonly license: string | null;
  readonly path: string;
};
