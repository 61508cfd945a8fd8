/**
 * The schema of plugin.json (DESIGN 5). `plugin.schema.json` is printed from it, so editors and the parser agree.
 */
import { Type, type Static } from 'typebox';
import { ENTRY_POINT_GROUPS, type EntryPointGroup } from './entry-point-groups.ts';
import { FAILURE_POLICIES, HOOK_MODES, HOOK_NAMES, type HookMode, type HookName } from './hooks.ts';
import { HOSTS_PORT_PATTERN, HOST_PORT_PATTERN } from './host-port.ts';
import { CAPABILITY_PATTERN, PLUGIN_NAME_PATTERN, TOOL_NAME_PATTERN, VERSION_PATTERN } from './ids.ts';
import { LIMITS } from './limits.ts';
import { PERMISSION_PATTERN } from './permissions.ts';
import { TIERS } from './receipt.ts';

const closed = { additionalProperties: false } as const;
const text = (description: string, maxLength: number) => Type.String({ description, minLength: 1, maxLength });
const words = (description: string, pattern?: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 256, ...(pattern === undefined ? {} : { pattern }) }), {
    description,
    maxItems: 256,
    uniqueItems: true,
  });
const atMost = (maximum: number, description: string) => Type.Integer({ description, minimum: 1, maximum });
const NO_PARENT = '(?!(?:[^#]*/)?\\.\\.(?:/|$))';
/** A relative path that does not leave the plugin folder. */
export const MAIN_PATTERN = `^${NO_PARENT}(?!/)[^\\\\#:\\u0000]{1,256}$`;
/** `./module.ts#Export`, inside the plugin folder. */
export const ENTRY_POINT_PATTERN = `^${NO_PARENT}\\./[^\\\\#:\\u0000]{1,250}#[A-Za-z_$][A-Za-z0-9_$]{0,127}$`;
const Named = (description: string) =>
  Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }), Type.String({ pattern: ENTRY_POINT_PATTERN }), {
    ...closed,
    description,
  });
const entryPoints = (group: EntryPointGroup) =>
  Type.Optional(Named(`${group.replace('_', ' ')} by name, each as "./module.ts#Export".`));

const Deprecated = Type.Record(
  Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }),
  Type.Object(
    {
      use: Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$', description: 'The name that replaces it.' }),
      removed_in: Type.String({
        pattern: VERSION_PATTERN,
        description: 'The version that no longer knows it: a later minor or major one.',
      }),
    },
    closed,
  ),
  { ...closed, description: 'What has other names now, by former name.' },
);

const prefixedGroups = {
  [`^bulkhead\\.(?:${ENTRY_POINT_GROUPS.join('|')})$`]: Named('The group under its long name.'),
};

const Requirements = Type.Object(
  {
    modules: Type.Optional(words('Packages that must be resolvable from the plugin folder.')),
    commands: Type.Optional(words('Commands that must be on the PATH of the server.', '^[A-Za-z0-9._+-]{1,64}$')),
    files: Type.Optional(words('Files that must exist and be readable: absolute, or relative to the plugin folder.')),
    env: Type.Optional(
      words('Environment variables that must be set on the server.', '^[A-Za-z_][A-Za-z0-9_]{0,127}$'),
    ),
    gpu: Type.Optional(Type.Boolean({ description: 'Needs a GPU: a framework for it and a working nvidia-smi.' })),
  },
  {
    ...closed,
    description: 'What must be there before the plugin is loaded; each missing one is named with its cure.',
  },
);

const Limits = Type.Object(
  {
    timeout_ms: Type.Optional(atMost(LIMITS.timeout_ms.value, 'Longest that one call may take, in milliseconds.')),
    cpu_ms: Type.Optional(atMost(LIMITS.cpu_ms.value, 'CPU time that one call may use, in milliseconds.')),
    memory_mb: Type.Optional(
      Type.Integer({ description: 'Memory of one instance, in MiB.', minimum: 32, maximum: LIMITS.memory_mb.value }),
    ),
    output_bytes: Type.Optional(atMost(LIMITS.output_bytes.value, 'Largest result, in bytes of JSON.')),
    concurrency: Type.Optional(atMost(LIMITS.concurrency.value, 'Calls that one instance serves at once.')),
    instances: Type.Optional(atMost(LIMITS.instances.value, 'Instances per scope.')),
    calls_per_second: Type.Optional(atMost(LIMITS.calls_per_second.value, 'Calls of one tenant in a second.')),
  },
  { ...closed, description: 'What the plugin asks; an operator may lower it.' },
);

const Sandbox = Type.Object(
  {
    scope: Type.Optional(
      Type.Union([Type.Literal('tenant'), Type.Literal('call'), Type.Literal('shared')], {
        description:
          'Whom an instance serves: one tenant, one call, or all tenants where the operator allows it too (else one).',
      }),
    ),
    min_tier: Type.Optional(
      Type.Union(
        TIERS.map((tier) => Type.Literal(tier)),
        { description: 'Weakest sandbox that the plugin accepts.' },
      ),
    ),
  },
  { ...closed, description: 'How the plugin is kept apart.' },
);

/** Texts that a schema takes one of. */
const oneOf = <Word extends string>(all: readonly Word[], description: string) =>
  Type.Unsafe<Word>(
    Type.Union(
      all.map((word) => Type.Literal(word)),
      { description },
    ),
  );

const MODE =
  'change: asked in turn, and what it answers goes on. gate: may veto and changes nothing; gates in a row are asked at once. observe: told, and nobody waits.';

const HookOptions = Type.Object(
  {
    priority: Type.Optional(
      Type.Integer({ description: 'Lower is asked earlier; default 0.', minimum: -1_000, maximum: 1_000 }),
    ),
    failure: Type.Optional(
      oneOf(
        FAILURE_POLICIES,
        'What a hook that fails does: fail_open goes on without it, fail_closed refuses. Default: fail_closed with the grant "gate", without which it is always fail_open.',
      ),
    ),
    timeout_ms: Type.Optional(
      atMost(
        LIMITS.hook_timeout_ms.value,
        'How long an answer may take, in milliseconds; then the instance is killed.',
      ),
    ),
    modes: Type.Optional(
      Type.Unsafe<Partial<Record<HookName, HookMode>>>(
        Type.Object(Object.fromEntries(HOOK_NAMES.map((hook) => [hook, Type.Optional(oneOf(HOOK_MODES, MODE))])), {
          ...closed,
          description: 'What each hook does; change where it is left out.',
        }),
      ),
    ),
  },
  { ...closed, description: 'How the hooks are asked.' },
);

const Secret = Type.Object(
  {
    hosts: Type.Array(Type.String({ pattern: HOST_PORT_PATTERN }), {
      description: 'Exact hosts with their ports that the secret may go to, over https.',
      minItems: 1,
      maxItems: 32,
    }),
    in: Type.Optional(
      Type.Array(Type.Union([Type.Literal('header'), Type.Literal('query'), Type.Literal('body')]), {
        description: 'Where in a request it may stand; default header.',
        minItems: 1,
      }),
    ),
  },
  closed,
);

/** Names that the host sets itself, or by which a program is made to load another's code before its own. */
const ENV_PATTERN = '^(?!LD_|DYLD_|GCONV_PATH$|BULKHEAD)[A-Za-z_][A-Za-z0-9_]{0,127}$';
const HEADER_PATTERN = '^[A-Za-z][A-Za-z0-9-]{0,63}$';
const anyObject = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description });

const McpTool = Type.Object(
  {
    name: Type.String({ pattern: TOOL_NAME_PATTERN, description: 'Under which it is called here.' }),
    mcp_name: text("The server's own name of it.", 128),
    title: Type.Optional(text('For people.', 256)),
    description: Type.String({ description: 'What the server says that it does.', maxLength: 10_000 }),
    parameters: anyObject('Its input schema.'),
    returns: Type.Optional(anyObject('Its output schema.')),
    annotations: Type.Optional(anyObject("The server's hints, such as readOnlyHint.")),
  },
  closed,
);

const Mcp = Type.Object(
  {
    url: Type.Optional(
      text('Where the server is that this plugin speaks for, by Streamable HTTP; then nothing is started.', 2_048),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: HEADER_PATTERN }), Type.String({ maxLength: 4_096 }), {
        ...closed,
        description: 'Headers of each request to `url`; `{NAME}` stands for the secret of that name.',
      }),
    ),
    command: Type.Optional(
      Type.String({
        description: '`node`, which runs `main` (the default), or one of `requirements.commands`.',
        pattern: '^[A-Za-z0-9._+-]{1,64}$',
      }),
    ),
    args: Type.Optional(
      Type.Array(Type.String({ maxLength: 1_024 }), {
        description: 'Arguments; `{data}` stands for the writable folder, `{server}` for the plugin’s files.',
        maxItems: 64,
      }),
    ),
    env: Type.Optional(
      Type.Record(Type.String({ pattern: ENV_PATTERN }), Type.String({ maxLength: 4_096 }), {
        ...closed,
        description: 'Environment variables; the same words stand for the same folders.',
      }),
    ),
    tools: Type.Optional(
      Type.Array(McpTool, {
        description:
          'Its tools as they were when the plugin was made; a server that lists others is not run. Left out, they stand in plugin.tools.json beside it.',
        maxItems: LIMITS.tools.value,
      }),
    ),
  },
  { ...closed, description: 'Where the MCP server of a plugin is, or how it is started, and what it offers.' },
);

/**
 * JSON Schema of plugin.json as authors write it; published as plugin.schema.json.
 *
 * @experimental
 */
export const ManifestSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ maxLength: 512, description: 'For editors; ignored.' })),
    name: Type.String({ pattern: PLUGIN_NAME_PATTERN, description: 'Unique on the platform.' }),
    version: Type.String({ pattern: VERSION_PATTERN, maxLength: 64, description: 'Strict semantic version.' }),
    description: text('What the plugin does, in a sentence.', 1_024),
    author: text('Who wrote it.', 256),
    license: Type.Optional(text('SPDX expression.', 128)),
    main: Type.Optional(
      Type.String({ description: 'Entry module; default main.ts, main.js, main.mjs, index.*.', pattern: MAIN_PATTERN }),
    ),
    driver: Type.Optional(
      Type.Union([Type.Literal('process'), Type.Literal('stdio')], {
        description: '`stdio`: the plugin is an MCP server that speaks on its standard input and output.',
      }),
    ),
    mcp: Type.Optional(Mcp),
    dependencies: Type.Optional(words('Other plugins with a version range, such as "other>=1.0.0".')),
    capabilities: Type.Optional(words('Tags that the plugin advertises.', CAPABILITY_PATTERN)),
    required_permissions: Type.Optional(
      words("Host capabilities, and scopes of the caller's token.", PERMISSION_PATTERN),
    ),
    optional_permissions: Type.Optional(
      words('The same, of what the plugin can do without; none is in both lists.', PERMISSION_PATTERN),
    ),
    compatible_versions: Type.Optional(text('Range of platform versions that the plugin supports.', 128)),
    requirements: Type.Optional(Requirements),
    network: Type.Optional(
      Type.Object(
        {
          allow: Type.Array(Type.String({ pattern: HOSTS_PORT_PATTERN }), {
            description: 'Hosts with their ports, such as "api.example.com:443" or "*.example.com:443".',
            maxItems: 64,
            uniqueItems: true,
          }),
        },
        { ...closed, description: 'Hosts that fetch may reach once the permission internet is granted.' },
      ),
    ),
    secrets: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,127}$' }), Secret, {
        ...closed,
        description: 'Secrets by name; the plugin holds a placeholder and the host puts the value in.',
      }),
    ),
    limits: Type.Optional(Limits),
    sandbox: Type.Optional(Sandbox),
    ledger: Type.Optional(
      Type.Union([Type.Literal('batched'), Type.Literal('strict')], {
        description: 'strict: the start of a call is durable before the guest sees it.',
      }),
    ),
    hooks: Type.Optional(
      Type.Array(Type.Union(HOOK_NAMES.map((hook) => Type.Literal(hook))), {
        description: 'Hooks that the plugin handles.',
        uniqueItems: true,
      }),
    ),
    hook_options: Type.Optional(HookOptions),
    entry_points: Type.Optional(
      Type.Object(
        {
          tools: entryPoints('tools'),
          task_handlers: entryPoints('task_handlers'),
          llm_backends: entryPoints('llm_backends'),
          parent_selectors: entryPoints('parent_selectors'),
          executors: entryPoints('executors'),
          monitors: entryPoints('monitors'),
        },
        {
          ...closed,
          patternProperties: prefixedGroups,
          description: 'What the plugin offers by name, in groups; `bulkhead.tools` means `tools`, and so on.',
        },
      ),
    ),
    deprecated_entry_points: Type.Optional(
      Type.Object(Object.fromEntries(ENTRY_POINT_GROUPS.map((group) => [group, Type.Optional(Deprecated)])), {
        ...closed,
        description: 'Former names that still lead to what has replaced them.',
      }),
    ),
    config: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Default configuration.' })),
    config_schema: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'JSON Schema of the configuration.' }),
    ),
  },
  { ...closed, title: 'Bulkhead plugin manifest', description: 'plugin.json of a Bulkhead plugin.' },
);

/**
 * plugin.json as an author may write it: valid, defaults not filled in.
 *
 * @experimental
 */
export type ManifestSource = Static<typeof ManifestSchema>;
