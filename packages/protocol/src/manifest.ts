/**
 * Turns a parsed plugin.json into a Manifest with every default filled in, or says everything that is wrong with it at
 * once. It reads no file and knows no folder; whether `main` exists is the install flow's question.
 */
import { ENTRY_POINT_GROUPS, GROUP_PREFIX, type EntryPointGroup } from './entry-point-groups.ts';
import type { Finding } from './finding.ts';
import { REFUSABLE_HOOKS, type HookName, type HookOptions } from './hooks.ts';
import { parsePluginName, parseVersion, type PluginName, type Version } from './ids.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { LIMITS, LIMIT_PROFILES, type GuestLimits } from './limits.ts';
import { driverFindings } from './manifest-driver.ts';
import { describe, finding } from './manifest-findings.ts';
import type { ManifestSource } from './manifest-schema.ts';
import { listOf, schemaFindings } from './manifest-shape.ts';
import type { McpServer, PinnedTool } from './mcp-tool.ts';
import { strongestTier, type Tier } from './receipt.ts';

/**
 * Whom one instance serves: a tenant (the default), one call, or every tenant.
 *
 * @public
 */
export type SandboxScope = 'tenant' | 'call' | 'shared';
/**
 * What must be on the machine before a plugin can be loaded: importable modules, commands, files, variables, a GPU.
 *
 * @public
 */
export type Requirements = {
  readonly modules: readonly string[];
  readonly commands: readonly string[];
  readonly files: readonly string[];
  readonly env: readonly string[];
  readonly gpu: boolean;
};
/**
 * A dependency on another plugin; `range` is a semver range, `*` where none was written.
 *
 * @public
 */
export type PluginDependency = { readonly name: PluginName; readonly range: string };

declare const parsed: unique symbol;

/**
 * A manifest that {@link parseManifest} accepted; nothing else makes one. `main` is undefined where defaults apply.
 *
 * @public
 */
export type Manifest = {
  readonly [parsed]: true;
  readonly name: PluginName;
  readonly version: Version;
  readonly description: string;
  readonly author: string;
  readonly license: string | undefined;
  readonly main: string | undefined;
  readonly driver: 'process' | 'stdio';
  /** Of driver `stdio`, and of no other. */
  readonly mcp: McpServer | undefined;
  readonly dependencies: readonly PluginDependency[];
  readonly capabilities: readonly string[];
  readonly required_permissions: readonly string[];
  /** What it can do without; none of these is required. */
  readonly optional_permissions: readonly string[];
  readonly compatible_versions: string | undefined;
  readonly requirements: Requirements;
  readonly network: { readonly allow: readonly string[] };
  readonly secrets: Readonly<Record<string, { readonly hosts: readonly string[]; readonly in: readonly string[] }>>;
  readonly limits: GuestLimits;
  readonly sandbox: { readonly scope: SandboxScope; readonly min_tier: Tier };
  readonly ledger: 'batched' | 'strict';
  readonly hooks: readonly HookName[];
  readonly hook_options: HookOptions;
  readonly entry_points: Readonly<Record<EntryPointGroup, Readonly<Record<string, string>>>>;
  readonly config: JsonObject;
  readonly config_schema: JsonObject | undefined;
  /** What the author wrote, as it is stored with the artifact and hashed into its digest. */
  readonly source: JsonObject;
};

/**
 * A manifest, or all that is wrong with it at once.
 *
 * @public
 */
export type ManifestResult =
  { readonly ok: true; readonly manifest: Manifest } | { readonly ok: false; readonly findings: readonly Finding[] };

const DEPENDENCY = /^([a-z][a-z0-9_-]{0,63}?)\s*([<>=~^*].{0,127})?$/;

/**
 * Parses a manifest that is JSON already.
 *
 * @param value - What `JSON.parse` made of plugin.json, or the object under `"bulkhead"` of package.json.
 * @returns the manifest, or every finding (`MANIFEST_INVALID`) with its JSON path, unknown fields with the nearest
 *   known name.
 * @public
 */
export function parseManifest(value: unknown): ManifestResult {
  if (!isJsonObject(value)) {
    return {
      ok: false,
      findings: [finding('', `is ${describe(value)}; expected an object`, 'Write { "name": …, … }.')],
    };
  }
  const findings = [
    ...schemaFindings(value),
    ...dependencyFindings(value),
    ...permissionFindings(value),
    ...entryPointFindings(value),
    ...hookFindings(value),
    ...driverFindings(value, finding),
  ];
  if (findings.length > 0) return { ok: false, findings };
  return { ok: true, manifest: withDefaults(value as ManifestSource, value) }; // The schema has just said so.
}

/**
 * Lists all that a plugin asks for, whether it can do without or not, each once: what may be granted, and what its code may use
 * where it is.
 *
 * @public
 */
export function askedPermissions({
  required_permissions,
  optional_permissions,
}: Pick<Manifest, 'required_permissions' | 'optional_permissions'>): readonly string[] {
  return [...required_permissions, ...optional_permissions];
}

function dependencyFindings(value: JsonObject): readonly Finding[] {
  const dependencies: unknown = value['dependencies'];
  if (!Array.isArray(dependencies)) return [];
  return dependencies.flatMap((dependency: unknown, index) => {
    // What is no text, or empty, the schema has named already.
    if (typeof dependency !== 'string' || dependency === '' || parseDependency(dependency) !== undefined) return [];
    const message = `is ${describe(dependency)}; expected a plugin's name and a version range`;
    return [finding(`/dependencies/${index}`, message, 'Write "other" or "other>=1.0.0".')];
  });
}

/** A word in both lists would be needed and not needed. */
function permissionFindings(value: JsonObject): readonly Finding[] {
  const [required, optional]: readonly unknown[] = [value['required_permissions'], value['optional_permissions']];
  if (!Array.isArray(required) || !Array.isArray(optional)) return [];
  return optional.flatMap((word: unknown, index) => {
    if (!required.includes(word) || optional.indexOf(word) !== index) return [];
    const message = `is ${describe(word)}, which required_permissions lists, too`;
    return [finding(`/optional_permissions/${index}`, message, NEEDED_OR_NOT)];
  });
}

const NEEDED_OR_NOT =
  'Keep it in required_permissions where the plugin cannot do without it, else in optional_permissions.';

/** `tools` and `bulkhead.tools` are one group (CONTRACTS decision 14), so a name may stand under one of them only. */
function entryPointFindings(value: JsonObject): readonly Finding[] {
  const groups = value['entry_points'];
  if (!isJsonObject(groups)) return [];
  return ENTRY_POINT_GROUPS.flatMap((group) => {
    const [short, long] = [groups[group], groups[GROUP_PREFIX + group]];
    if (!isJsonObject(short) || !isJsonObject(long)) return [];
    const twice = Object.keys(long).filter((name) => Object.hasOwn(short, name));
    const where = `/entry_points/${GROUP_PREFIX}${group}`;
    return twice.map((name) => finding(`${where}/${name}`, `is named under "${group}" too`, 'Remove one of the two.'));
  });
}

/** Modes are of hooks that the plugin has, and a gate stands where something may still be refused. */
function hookFindings(value: JsonObject): readonly Finding[] {
  const options = value['hook_options'];
  const modes = isJsonObject(options) ? options['modes'] : undefined;
  if (!isJsonObject(modes)) return [];
  const hooks = listOf(value['hooks']);
  return Object.entries(modes).flatMap(([hook, mode]) => {
    const where = `/hook_options/modes/${hook}`;
    if (!hooks.includes(hook))
      return [finding(where, 'is of a hook that the plugin does not have', `Add "${hook}" to "hooks", or remove it.`)];
    if (mode !== 'gate' || REFUSABLE_HOOKS.some((name) => name === hook)) return [];
    return [finding(where, 'is "gate", where nothing can be refused any more', 'Write "observe" or "change".')];
  });
}

function parseDependency(text: string): PluginDependency | undefined {
  const match = DEPENDENCY.exec(text);
  const name = parsePluginName(match?.[1]);
  return name === undefined ? undefined : { name, range: match?.[2]?.trim() ?? '*' };
}

function withDefaults(source: ManifestSource, value: JsonObject): Manifest {
  const name = parsePluginName(source.name);
  const version = parseVersion(source.version);
  if (name === undefined || version === undefined) throw new TypeError('schema and parsers of ids disagree');
  const manifest: Omit<Manifest, typeof parsed> = {
    name,
    version,
    description: source.description,
    author: source.author,
    license: source.license,
    main: source.main,
    driver: source.driver ?? 'process',
    mcp: mcpOf(source),
    dependencies: (source.dependencies ?? []).flatMap((text) => parseDependency(text) ?? []),
    capabilities: source.capabilities ?? [],
    required_permissions: source.required_permissions ?? [],
    optional_permissions: source.optional_permissions ?? [],
    compatible_versions: source.compatible_versions,
    requirements: { modules: [], commands: [], files: [], env: [], gpu: false, ...source.requirements },
    network: { allow: source.network?.allow ?? [] },
    secrets: Object.fromEntries(
      Object.entries(source.secrets ?? {}).map(([key, secret]) => [
        key,
        { hosts: secret.hosts, in: secret.in ?? ['header'] },
      ]),
    ),
    limits: { ...LIMIT_PROFILES.plugin, ...(source.driver === 'stdio' && ONE_INSTANCE), ...source.limits },
    sandbox: { scope: 'tenant', ...source.sandbox, min_tier: minTierOf(source) },
    ledger: source.ledger ?? 'batched',
    hooks: source.hooks ?? [],
    hook_options: {
      priority: 0,
      failure: undefined,
      timeout_ms: LIMITS.hook_timeout_ms.value,
      modes: {},
      ...source.hook_options,
    },
    entry_points: entryPointsOf(source),
    config: { ...(source.config as JsonObject | undefined) }, // JSON came in, so JSON is inside.
    config_schema: source.config_schema as JsonObject | undefined,
    source: value,
  };
  return manifest as Manifest; // The only place that makes one.
}

/** An MCP server keeps a folder for its tenant, and two would share it. */
const ONE_INSTANCE = { instances: 1 };

/** The schema has said that these are JSON. */
function mcpOf({ mcp }: ManifestSource): McpServer | undefined {
  if (mcp === undefined) return undefined;
  const { url, headers = {}, command = 'node', args = [], env = {}, tools = [] } = mcp;
  return { url, headers, command, args, env, tools: tools as readonly PinnedTool[] };
}

/** What speaks on its standard input and output needs no weaker sandbox; children and sockets are held by namespaces alone. */
function minTierOf({ driver, sandbox, required_permissions }: ManifestSource): Tier {
  const asked = sandbox?.min_tier ?? 'process';
  if (driver !== 'stdio') return asked;
  const needsJail = ['children', 'internet'].some((word) => required_permissions?.includes(word) === true);
  return strongestTier([asked, needsJail ? 'jail' : 'confined']);
}

/** Joins a group's two spellings; a name that stands under both is a finding before it comes here. */
function entryPointsOf(source: ManifestSource): Manifest['entry_points'] {
  const written: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = source.entry_points ?? {};
  const groups = ENTRY_POINT_GROUPS.map((group) => [group, { ...written[GROUP_PREFIX + group], ...written[group] }]);
  return Object.fromEntries(groups) as Manifest['entry_points']; // fromEntries forgets its keys.
}
