import fc from 'fast-check';
import { Settings } from 'typebox/system';
import { expect, test } from 'vitest';
import published from '../plugin.schema.json' with { type: 'json' };
import type { Finding } from './finding.ts';
import { LIMIT_PROFILES } from './limits.ts';
import { ENTRY_POINT_GROUPS } from './entry-point-groups.ts';
import { HOOK_NAMES } from './hooks.ts';
import { ManifestSchema } from './manifest-schema.ts';
import { askedPermissions, parseManifest } from './manifest.ts';

const base = { name: 'weather', version: '1.0.0', description: 'Tells the weather.', author: 'You' };

const findingsOf = (value: unknown): readonly Finding[] => {
  const result = parseManifest(value);
  return result.ok ? [] : result.findings;
};
const messagesOf = (more: object): readonly string[] => findingsOf({ ...base, ...more }).map(({ message }) => message);

test('the published schema is the code’s', () => {
  const { $schema, ...schema } = published;
  expect($schema).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(schema).toEqual(JSON.parse(JSON.stringify(ManifestSchema)));
});

test('the smallest manifest is four fields, and every default is filled in [F003-6] [F003-17] [F004-8]', () => {
  expect(parseManifest(base)).toEqual({
    ok: true,
    manifest: {
      ...base,
      license: undefined,
      main: undefined,
      driver: 'process',
      mcp: undefined,
      dependencies: [],
      capabilities: [],
      required_permissions: [],
      optional_permissions: [],
      compatible_versions: undefined,
      requirements: { modules: [], commands: [], files: [], env: [], gpu: false },
      network: { allow: [] },
      secrets: {},
      limits: LIMIT_PROFILES.plugin,
      sandbox: { scope: 'tenant', min_tier: 'process' },
      ledger: 'batched',
      hooks: [],
      hook_options: { priority: 0, failure: undefined, timeout_ms: 2_000, modes: {} },
      entry_points: Object.fromEntries(ENTRY_POINT_GROUPS.map((group) => [group, {}])),
      config: {},
      config_schema: undefined,
      source: base,
    },
  });
});

test('a manifest with every field keeps what it says [F004-8] [F004-13]', () => {
  const full = {
    ...base,
    $schema: './plugin.schema.json',
    license: 'Apache-2.0',
    main: 'src/main.ts',
    dependencies: ['other', 'third>=1.0.0 <2', 'fourth ^2'],
    capabilities: ['weather', 'eu-west.1'],
    required_permissions: ['internet', 'weather:read'],
    optional_permissions: ['memory.read:notes', 'weather:write'],
    compatible_versions: '>=1.0.0 <2',
    requirements: { modules: ['torch'], commands: ['git'], files: ['models/a.bin'], env: ['TZ'], gpu: true },
    network: { allow: ['api.example.com:443', '*.example.com:8443'] },
    secrets: { WEATHER_KEY: { hosts: ['api.example.com:443'] }, OTHER: { hosts: ['a.b:1'], in: ['query', 'body'] } },
    limits: { timeout_ms: 1, memory_mb: 4096 },
    sandbox: { scope: 'call', min_tier: 'confined' },
    ledger: 'strict',
    hooks: [...HOOK_NAMES],
    entry_points: { tools: { greet: './tools.ts#greet' } },
    config: { enabled: true, interval: 300, log_level: 'INFO', features: { a: true } },
    config_schema: { type: 'object' },
  };
  expect(parseManifest(full)).toMatchObject({
    ok: true,
    manifest: {
      dependencies: [
        { name: 'other', range: '*' },
        { name: 'third', range: '>=1.0.0 <2' },
        { name: 'fourth', range: '^2' },
      ],
      secrets: { WEATHER_KEY: { hosts: ['api.example.com:443'], in: ['header'] }, OTHER: { in: ['query', 'body'] } },
      limits: { ...LIMIT_PROFILES.plugin, timeout_ms: 1, memory_mb: 4096 },
      sandbox: { scope: 'call', min_tier: 'confined' },
      entry_points: { tools: { greet: './tools.ts#greet' }, monitors: {} },
      config: full.config,
      source: full,
    },
  });
});

test('every required field that is missing is a finding with its path [F003-17]', () => {
  expect(findingsOf({})).toEqual(
    ['name', 'version', 'description', 'author'].map((field) => ({
      id: 'MANIFEST_INVALID',
      severity: 'error',
      path: `plugin.json#/${field}`,
      line: null,
      message: `field "${field}" is missing`,
      hint: `Add "${field}" to plugin.json.`,
    })),
  );
});

test('all findings come at once, however many they are', () => {
  const capabilities = Array.from({ length: 100 }, (_, index) => `Wrong ${index}`);
  const findings = findingsOf({ ...base, version: '1.0', capabilities, sandbox: { min_tier: 'moat' }, surprise: 1 });
  expect(findings).toHaveLength(103);
  expect(findings.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      'plugin.json#/version',
      'plugin.json#/capabilities/99',
      'plugin.json#/sandbox/min_tier',
      'plugin.json#/surprise',
    ]),
  );
});

test('no check reports more than 256 findings, and the library’s own setting is as it was', () => {
  const tools = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`t${index}`, 'nowhere']));
  const { maxErrors } = Settings.Get();
  expect(findingsOf({ ...base, entry_points: { tools } })).toHaveLength(256);
  expect(Settings.Get().maxErrors).toBe(maxErrors);
});

test.for([
  [{ verison: '1' }, 'plugin.json#/verison', 'Did you mean "version"?'],
  [{ limits: { timeout: 5 } }, 'plugin.json#/limits/timeout', 'Did you mean "timeout_ms"?'],
  [{ requirements: { module: [] } }, 'plugin.json#/requirements/module', 'Did you mean "modules"?'],
  [{ sandbox: { tier: 'jail' } }, 'plugin.json#/sandbox/tier', 'Did you mean "min_tier"?'],
  [{ entry_points: { tool: {} } }, 'plugin.json#/entry_points/tool', 'Did you mean "tools"?'],
] as const)('an unknown field is refused with the nearest known name: %j', ([more, path, hint]) => {
  const [finding, ...others] = findingsOf({ ...base, ...more });
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ path, message: expect.stringMatching(/ is not known$/) as unknown });
  expect(finding?.hint.startsWith(hint)).toBe(true);
});

test.for([
  [
    { name: 'Weather' },
    'field "name" is "Weather"; expected a name of a-z, 0-9, "_" and "-" that begins with a letter, has at most 64 characters and no "__"',
  ],
  [{ version: '1.0' }, 'field "version" is "1.0"; expected a strict semantic version such as "1.0.0"'],
  [{ author: '' }, 'field "author" is ""; expected text of at least 1 character'],
  [{ description: 5 }, 'field "description" is 5; expected a value of type string'],
  [{ license: 'x'.repeat(129) }, `field "license" is "${'x'.repeat(79)}…; expected text of at most 128 characters`],
  [{ main: '../main.ts' }, 'field "main" is "../main.ts"; expected a path inside the plugin folder such as "main.ts"'],
  [{ capabilities: ['a', 'a'] }, 'field "capabilities" is ["a","a"]; expected each item once'],
  [
    { optional_permissions: ['fly'] },
    'field "optional_permissions.0" is "fly"; expected a scope such as "math:calculate", or one of internet, temp_dir, secrets, llm, events, threads, children, gate, memory.read:<plugin>, call:<plugin>',
  ],
  [
    { required_permissions: ['fly'] },
    'field "required_permissions.0" is "fly"; expected a scope such as "math:calculate", or one of internet, temp_dir, secrets, llm, events, threads, children, gate, memory.read:<plugin>, call:<plugin>',
  ],
  [
    { dependencies: ['other 1.0'] },
    'field "dependencies.0" is "other 1.0"; expected a plugin\'s name and a version range',
  ],
  [{ limits: { timeout_ms: 0 } }, 'field "limits.timeout_ms" is 0; expected a number of at least 1'],
  [{ limits: { timeout_ms: 600_001 } }, 'field "limits.timeout_ms" is 600001; expected a number of at most 600000'],
  [{ limits: { memory_mb: 64.5 } }, 'field "limits.memory_mb" is 64.5; expected a value of type integer'],
  [{ sandbox: { min_tier: 5 } }, 'field "sandbox.min_tier" is 5; expected one of "process", "uid", "confined", "jail"'],
  [
    { hooks: ['before_lunch'] },
    `field "hooks.0" is "before_lunch"; expected one of ${HOOK_NAMES.map((name) => `"${name}"`).join(', ')}`,
  ],
  [
    { network: { allow: ['https://a.test'] } },
    'field "network.allow.0" is "https://a.test"; expected a host and its port, such as "api.example.com:443" or "*.example.com:443"',
  ],
  [
    { secrets: { KEY: { hosts: ['*.a.test:443'] } } },
    'field "secrets.KEY.hosts.0" is "*.a.test:443"; expected an exact host and its port, such as "api.example.com:443"',
  ],
  [{ secrets: { KEY: { hosts: [] } } }, 'field "secrets.KEY.hosts" is []; expected at least 1 item'],
  [{ secrets: { key: { hosts: ['a.b:1'] } } }, 'field "secrets.key" has a name that is not allowed here'],
  [
    { entry_points: { tools: { a: 'tools.ts#a' } } },
    'field "entry_points.tools.a" is "tools.ts#a"; expected a module inside the plugin folder and its export, such as "./tools.ts#greet"',
  ],
  [{ config: [] }, 'field "config" is []; expected a value of type object'],
] as const)('a wrong value is shown with what was expected: %j', ([more, message]) => {
  expect(messagesOf(more)).toEqual([message]);
});

test.for(['../x', 'a/../../x', '/etc/passwd', 'a\\b', '..', './..', 'C:/x', ''])(
  'main stays inside the plugin folder: %j',
  (main) => {
    expect(findingsOf({ ...base, main }).map(({ path }) => path)).toEqual(['plugin.json#/main']);
  },
);

test.for(['main.ts', './main.ts', 'src/main.ts', 'a..b/c.js', '...ts'])('%j is a main', (main) => {
  expect(findingsOf({ ...base, main })).toEqual([]);
});

test.for(['../a.ts#A', './../a.ts#A', './b/../../a.ts#A', './a.ts', './a.ts#', './a.ts#1', './a.ts#A B', '/a.ts#A'])(
  '%j is no entry point',
  (place) => {
    expect(findingsOf({ ...base, entry_points: { tools: { a: place } } })).toHaveLength(1);
  },
);

test.for([
  ['a.b:65535', 0],
  ['a.b:65536', 1],
  ['a.b:0', 1],
  ['a.b', 1],
  ['A.b:1', 1],
  ['10.0.0.0/8:1', 1],
  ['a_b:1', 1],
] as const)('the host "%s" gives %d findings', ([host, findings]) => {
  expect(findingsOf({ ...base, network: { allow: [host] } })).toHaveLength(findings);
});

test('an entry point group may be written with its long name, and the two are one [decision 14]', () => {
  const entryPoints = {
    'bulkhead.tools': { a: './a.ts#A' },
    tools: { b: './b.ts#B' },
    'bulkhead.monitors': { c: './c.ts#C' },
  };
  expect(parseManifest({ ...base, entry_points: entryPoints })).toMatchObject({
    ok: true,
    manifest: { entry_points: { tools: { a: './a.ts#A', b: './b.ts#B' }, monitors: { c: './c.ts#C' }, executors: {} } },
  });
});

test('a name under both spellings of a group is refused, and so is a wrong value under the long one [decision 14]', () => {
  const both = { 'bulkhead.tools': { a: './a.ts#A' }, tools: { a: './b.ts#B' } };
  expect(messagesOf({ entry_points: both })).toEqual([
    'field "entry_points.bulkhead.tools.a" is named under "tools" too',
  ]);
  expect(messagesOf({ entry_points: { 'bulkhead.tools': { a: 'nowhere' } } })).toHaveLength(1);
  expect(messagesOf({ entry_points: { 'bulkhead.tool': {} } })).toEqual([
    'field "entry_points.bulkhead.tool" is not known',
  ]);
});

test('the index of a dependency is its own, whatever stands before it', () => {
  const paths = findingsOf({ ...base, dependencies: [5, '', 'a b'] }).map(({ path }) => path);
  expect(paths.toSorted()).toEqual([0, 1, 2].map((index) => `plugin.json#/dependencies/${index}`));
});

test.for([null, 5, 'x', [], true])('%j is no manifest', (value) => {
  expect(findingsOf(value)).toMatchObject([
    { path: 'plugin.json', message: `the manifest is ${JSON.stringify(value)}; expected an object` },
  ]);
});

test('a name of the author’s reaches no terminal and no log line raw', () => {
  const hostile = `\u001b[2J\n${'x'.repeat(50_000)}`;
  for (const finding of findingsOf({ ...base, [hostile]: 1, config: 5, license: hostile })) {
    const text = `${finding.path} ${finding.message} ${finding.hint}`;
    expect(text.length).toBeLessThan(1_000);
    expect(text).not.toMatch(/\p{Cc}/u);
  }
});

test('a slash in a field’s name is no path', () => {
  expect(findingsOf({ ...base, 'a/b~c': 1 })).toMatchObject([
    { path: 'plugin.json#/a~1b~0c', message: 'field "a/b~c" is not known' },
  ]);
});

test.for(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'the field "%s" is unknown like any other [FAULTS-52]',
  (name) => {
    const value: unknown = JSON.parse(JSON.stringify(base).replace('{', `{"${name}":{"polluted":1},`));
    expect(findingsOf(value)).toMatchObject([{ message: `field "${name}" is not known` }]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  },
);

test('any JSON at all is a manifest or findings, never a throw', () => {
  const fields = fc.dictionary(fc.constantFrom(...Object.keys(ManifestSchema.properties)), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fields,
        fields.map((more) => ({ ...base, ...more })),
      ),
      (value) => {
        const result = parseManifest(JSON.parse(JSON.stringify(value)));
        expect(result.ok || result.findings.length > 0).toBe(true);
      },
    ),
    { numRuns: 1_000 },
  );
});

test.each([257, 1_000, 6_000])('[FAULTS-86] %i unknown fields are refused like one', (count) => {
  const fields = Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 1]));
  expect(findingsOf({ ...base, ...fields }).length).toBeGreaterThan(0);
  expect(findingsOf({ ...base, limits: fields }).length).toBeGreaterThan(0);
});

test('what a plugin asks for is what it needs, and what it can do without', () => {
  const parsed = parseManifest({
    ...base,
    required_permissions: ['threads'],
    optional_permissions: ['events', 'math:calculate'],
  });
  expect(parsed.ok && askedPermissions(parsed.manifest)).toEqual(['threads', 'events', 'math:calculate']);
});

test('a permission is needed or not: one that is in both lists is refused, with its place and cure', () => {
  const both = { required_permissions: ['events', 'threads'], optional_permissions: ['llm', 'threads', 'threads'] };
  const parsed = parseManifest({ ...base, ...both });
  expect(parsed.ok ? [] : parsed.findings).toContainEqual({
    id: 'MANIFEST_INVALID',
    severity: 'error',
    path: 'plugin.json#/optional_permissions/1',
    line: null,
    message: 'field "optional_permissions.1" is "threads", which required_permissions lists, too',
    hint: 'Keep it in required_permissions where the plugin cannot do without it, else in optional_permissions.',
  });
});

test('hooks are asked as the plugin says, or each in turn with two seconds at the most', () => {
  const parsed = (more: object) => {
    const result = parseManifest({ ...base, hooks: ['before_tool_call', 'on_error'], ...more });
    return result.ok ? result.manifest.hook_options : result.findings;
  };
  const usual = { priority: 0, failure: undefined, timeout_ms: 2_000, modes: {} };
  expect(parsed({})).toEqual(usual);
  const own = { priority: -5, failure: 'fail_closed', timeout_ms: 100, modes: { before_tool_call: 'gate' } };
  expect(parsed({ hook_options: own })).toEqual(own);
  expect(parsed({ hook_options: { priority: 3 } })).toEqual({ ...usual, priority: 3 });
});

test.for([
  [{ modes: { before_agent_run: 'gate' } }, 'modes.before_agent_run', 'is of a hook that the plugin does not have'],
  [{ modes: { on_error: 'gate' } }, 'modes.on_error', 'is "gate", where nothing can be refused any more'],
  [{ modes: { on_error: 'watch' } }, 'modes.on_error', 'is "watch"; expected one of "change", "gate", "observe"'],
  [{ failure: 'fail' }, 'failure', 'is "fail"; expected one of "fail_open", "fail_closed"'],
  [{ timeout_ms: 2_001 }, 'timeout_ms', 'is 2001; expected a number of at most 2000'],
  [{ modes: { on_start: 'gate' } }, 'modes.on_start', 'is not known'],
] as const)('options of hooks that cannot be are told with their place: %j', ([hook_options, field, message]) => {
  expect(findingsOf({ ...base, hooks: ['before_tool_call', 'on_error'], hook_options })).toContainEqual(
    expect.objectContaining({ message: `field "hook_options.${field}" ${message}` }),
  );
});
