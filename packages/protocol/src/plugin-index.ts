/**
 * The document of a plugin index (ADR 19): which releases there are, in which files, what their review said, and which of
 * them are blocked. It is what a publisher signs and a server reads; nothing here reads or verifies anything.
 */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { CAPABILITY_PATTERN, PLUGIN_NAME_PATTERN, VERSION_PATTERN } from './ids.ts';
import { isJsonObject } from './json.ts';
import { LIMITS } from './limits.ts';
import { once } from './once.ts';
import type { Dependency } from './release.ts';

/**
 * The signature of an archive, as it lies beside the file.
 *
 * @public
 */
export type IndexedSignature = {
  readonly schema_v: 1;
  readonly kind: 'ed25519';
  readonly statement: {
    readonly name: string;
    readonly version: string;
    readonly sha256: string;
    readonly signed_at: string;
    readonly expires_at: string | null;
  };
  readonly public_key: string;
  readonly signature: string;
};

/**
 * What the review of a release came to. `reason` is the first error with its place, null where it passed; `finding_ids` are
 * sorted, each once.
 *
 * @public
 */
export type IndexedReview = {
  readonly status: 'passed' | 'failed';
  readonly errors: number;
  readonly warnings: number;
  readonly finding_ids: readonly string[];
  readonly reason: string | null;
};

/**
 * Why a release is not to be installed, and who says so: its review, or whoever keeps the index.
 *
 * @public
 */
export type IndexedBlock = { readonly by: 'review' | 'operator'; readonly reason: string };

/**
 * One release. `file` is a name in the folder of the index; `license.id` is what the manifest says, null where it says
 * nothing; `requires` are other plugins, as `name` or `name>=1.0.0`; `dependencies` are the packages in the bundle.
 *
 * @public
 */
export type IndexedVersion = {
  readonly version: string;
  readonly description: string;
  readonly author: string;
  readonly file: string;
  readonly archive_sha256: string;
  readonly archive_bytes: number;
  readonly signature: IndexedSignature | null;
  readonly license: { readonly id: string | null; readonly is_allowed: boolean };
  readonly capabilities: readonly string[];
  readonly required_permissions: readonly string[];
  /** Left out where it asks for none. */
  readonly optional_permissions?: readonly string[];
  readonly network_hosts: readonly string[];
  readonly compatible_versions: string | null;
  readonly requires: readonly string[];
  readonly dependencies: readonly Dependency[];
  readonly review: IndexedReview;
  readonly blocked: IndexedBlock | null;
  /** ISO 8601; left out where the index was made without a time. */
  readonly added_at?: string;
};

/**
 * A plugin with its releases, the highest version first.
 *
 * @public
 */
export type IndexedPlugin = { readonly name: string; readonly versions: readonly IndexedVersion[] };

/**
 * What whoever keeps the index has blocked: a version, or, where that is null, every one that there is or will be.
 *
 * @public
 */
export type IndexDecision = { readonly name: string; readonly version: string | null; readonly reason: string };

/**
 * An index. `serial` rises with every change, so that an older one can be told from a newer; plugins and decisions are sorted
 * by name.
 *
 * @public
 */
export type PluginIndex = {
  readonly schema_v: 1;
  readonly name: string;
  readonly serial: number;
  readonly blocks: readonly IndexDecision[];
  readonly plugins: readonly IndexedPlugin[];
};

/**
 * A plain file name of an archive: one part, nothing that a shell, a disk or a URL reads as anything else.
 *
 * @internal
 */
export const INDEX_FILE_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._+-]{0,150}\\.(?:tgz|tar\\.gz|zip)$';

const TEXT_MAX = 4_096;
const WORDS_MAX = 256;
const text = Type.String({ maxLength: TEXT_MAX });
const texts = Type.Array(text, { maxItems: WORDS_MAX });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const nullable = (of: ReturnType<typeof Type.Object> | typeof text) => Type.Union([of, Type.Null()]);
const name = Type.String({ pattern: PLUGIN_NAME_PATTERN });
const version = Type.String({ pattern: VERSION_PATTERN, maxLength: WORDS_MAX });
const reason = Type.String({ minLength: 1, maxLength: TEXT_MAX });

const SignatureSchema = Type.Object({
  schema_v: Type.Literal(1),
  kind: Type.Literal('ed25519'),
  statement: Type.Object({ name: text, version: text, sha256: text, signed_at: text, expires_at: nullable(text) }),
  public_key: text,
  signature: text,
});

const VersionSchema = Type.Object({
  version,
  description: text,
  author: text,
  file: Type.String({ pattern: INDEX_FILE_PATTERN }),
  archive_sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  archive_bytes: Type.Integer({ minimum: 1, maximum: LIMITS.archive_packed_bytes.value }),
  signature: nullable(SignatureSchema),
  license: Type.Object({ id: nullable(text), is_allowed: Type.Boolean() }),
  capabilities: Type.Array(Type.String({ pattern: CAPABILITY_PATTERN }), { maxItems: WORDS_MAX }),
  required_permissions: texts,
  optional_permissions: Type.Optional(texts),
  network_hosts: texts,
  compatible_versions: nullable(text),
  requires: texts,
  dependencies: Type.Array(Type.Object({ name: text, version: nullable(text), license: nullable(text), path: text }), {
    maxItems: LIMITS.archive_entries.value,
  }),
  review: Type.Object({
    status: Type.Enum(['passed', 'failed']),
    errors: count,
    warnings: count,
    finding_ids: texts,
    reason: nullable(text),
  }),
  blocked: nullable(Type.Object({ by: Type.Enum(['review', 'operator']), reason })),
  added_at: Type.Optional(text),
});

const schema = once(() =>
  Compile(
    Type.Object({
      schema_v: Type.Literal(1),
      name,
      serial: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      blocks: Type.Array(Type.Object({ name, version: nullable(version), reason }), {
        maxItems: LIMITS.index_versions.value,
      }),
      plugins: Type.Array(Type.Object({ name, versions: Type.Array(VersionSchema) }), {
        maxItems: LIMITS.index_versions.value,
      }),
    }),
  ),
);

/**
 * An index, or the first thing that is wrong with it, as the rest of a sentence that begins with "the index".
 *
 * @public
 */
export type PluginIndexResult =
  { readonly ok: true; readonly index: PluginIndex } | { readonly ok: false; readonly fault: string };

/**
 * Parses the document of an index, whose depth and keys the caller has bounded. Members that a later version may add are kept.
 *
 * @param value - What `JSON.parse` made of it.
 * @public
 */
export function parsePluginIndex(value: unknown): PluginIndexResult {
  if (isJsonObject(value) && value['schema_v'] !== 1) {
    const found = JSON.stringify(value['schema_v']) ?? 'missing';
    return { ok: false, fault: `has schema_v ${found.slice(0, 40)}; this version reads 1` };
  }
  if (!schema().Check(value)) {
    const { instancePath = '', message = 'is of another form' } = schema().Errors(value)[0] ?? {};
    return { ok: false, fault: `is wrong at "${shown(instancePath)}": ${message}` };
  }
  const index = value as PluginIndex; // The schema has just said so.
  const fault = doubleIn(index);
  return fault === undefined ? { ok: true, index } : { ok: false, fault };
}

function doubleIn({ plugins }: PluginIndex): string | undefined {
  const versions = plugins.reduce((sum, plugin) => sum + plugin.versions.length, 0);
  const { value: versionsMax } = LIMITS.index_versions;
  if (versions > versionsMax) return `lists ${versions} versions; at most ${versionsMax} are read`;
  const plugin = firstTwice(plugins.map((one) => one.name));
  if (plugin !== undefined) return `lists the plugin "${plugin}" twice`;
  for (const one of plugins) {
    const twice = firstTwice(one.versions.map(({ version: found }) => found));
    if (twice !== undefined) return `lists ${one.name} ${twice} twice`;
  }
  return undefined;
}

function firstTwice(words: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return words.find((word) => seen.size === seen.add(word).size);
}

function shown(instancePath: string): string {
  return JSON.stringify(instancePath.slice(0, 80)).slice(1, -1);
}
