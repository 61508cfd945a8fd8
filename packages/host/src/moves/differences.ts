/**
 * What one release has other than another, for whoever decides about an upgrade. Pure: it reads manifests and tools, and
 * judges nothing.
 */
import type {
  Dependency,
  GuestLimits,
  JsonValue,
  Manifest,
  ReleaseDifferences,
  ToolChange,
  ValueChange,
  WireTool,
  WordChanges,
} from '@bulkhead/protocol';
import { isDeepStrictEqual } from 'node:util';

/** What is compared of a release; tools are undefined where it was never loaded. */
export type ComparedRelease = {
  readonly manifest: Pick<
    Manifest,
    'version' | 'required_permissions' | 'optional_permissions' | 'network' | 'hooks' | 'secrets' | 'limits'
  >;
  readonly tools: readonly WireTool[] | undefined;
  readonly dependencies: readonly Dependency[];
};

/** Compares two releases; every list is sorted by name. */
export function releaseDifferences(before: ComparedRelease, after: ComparedRelease): ReleaseDifferences {
  const [old, next] = [before.manifest, after.manifest];
  return {
    from_version: old.version,
    to_version: next.version,
    permissions: wordChanges(old.required_permissions, next.required_permissions),
    optional_permissions: wordChanges(old.optional_permissions, next.optional_permissions),
    network: wordChanges(old.network.allow, next.network.allow),
    hooks: wordChanges(old.hooks, next.hooks),
    secrets: valueChanges(secretsOf(old), secretsOf(next)),
    limits: valueChanges(limitsOf(old.limits), limitsOf(next.limits)),
    dependencies: valueChanges(versionsOf(before.dependencies), versionsOf(after.dependencies)),
    tools: before.tools === undefined || after.tools === undefined ? null : toolChanges(before.tools, after.tools),
  };
}

/** Lists the words that only one of the two has. */
export function wordChanges(before: readonly string[], after: readonly string[]): WordChanges {
  const only = (these: readonly string[], those: readonly string[]): readonly string[] =>
    [...new Set(these)].filter((word) => !those.includes(word)).toSorted();
  return { added: only(after, before), removed: only(before, after) };
}

type Named = ReadonlyMap<string, JsonValue>;

function valueChanges(before: Named, after: Named): readonly ValueChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.flatMap((name) => {
    const change = { name, from: before.get(name) ?? null, to: after.get(name) ?? null };
    return isDeepStrictEqual(change.from, change.to) ? [] : [change];
  });
}

function versionsOf(dependencies: readonly Dependency[]): Named {
  const versions = new Map<string, string>();
  for (const { name, version } of dependencies) {
    const before = versions.get(name);
    versions.set(name, before === undefined ? (version ?? 'unknown') : `${before}, ${version ?? 'unknown'}`);
  }
  return versions;
}

function secretsOf({ secrets }: ComparedRelease['manifest']): Named {
  return new Map(
    Object.entries(secrets).map(([name, secret]) => [name, { hosts: [...secret.hosts], in: [...secret.in] }]),
  );
}

function limitsOf(limits: GuestLimits): Named {
  return new Map(Object.entries(limits));
}

function toolChanges(before: readonly WireTool[], after: readonly WireTool[]): ReleaseDifferences['tools'] {
  const names = wordChanges(
    before.map(({ name }) => name),
    after.map(({ name }) => name),
  );
  const changed = before.flatMap((tool): readonly ToolChange[] => {
    const changes = valueChanges(fieldsOf(tool), fieldsOf(after.find(({ name }) => name === tool.name) ?? tool));
    return changes.length === 0 ? [] : [{ name: tool.name, changes }];
  });
  return { ...names, changed: changed.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** What callers and agents see of a tool, without its name. */
function fieldsOf(tool: WireTool): Named {
  const { name: _name, required_permissions, ...fields } = tool;
  return new Map<string, JsonValue>(Object.entries({ ...fields, required_permissions: [...required_permissions] }));
}
