import { parseManifest, type Manifest, type WireTool, type Dependency } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MoveRow } from '../storage/catalogue-port.ts';
import { consentAsked, grantsAfterRollback, grantsAfterUpgrade, needsConsent } from './consent.ts';
import { releaseDifferences, wordChanges } from './differences.ts';
import { versionBefore } from './rollback.ts';

function manifestOf(fields: Readonly<Record<string, unknown>> = {}): Manifest {
  const parsed = parseManifest({ name: 'calc', version: '1.0.0', description: 'd', author: 'a', ...fields });
  if (!parsed.ok) throw new Error(parsed.findings[0]?.message);
  return parsed.manifest;
}

function toolOf(name: string, fields: Partial<WireTool> = {}): WireTool {
  const least = { description: name, parameters: {}, idempotent: false, needs_approval: false };
  return { name, ...least, required_permissions: [], ...fields };
}

/** A release without tools and packages. */
const BARE = { tools: [], dependencies: [] };

test('a release differs from itself in nothing', () => {
  const release = {
    manifest: manifestOf({ required_permissions: ['internet'] }),
    tools: [toolOf('add')],
    dependencies: [],
  };
  const none = { added: [], removed: [] };
  expect(releaseDifferences(release, release)).toEqual({
    from_version: '1.0.0',
    to_version: '1.0.0',
    permissions: none,
    optional_permissions: none,
    network: none,
    hooks: none,
    secrets: [],
    limits: [],
    dependencies: [],
    tools: { ...none, changed: [] },
  });
});

test('what came, went and changed of permissions, hosts, hooks, secrets and limits is listed by name', () => {
  const before = manifestOf({
    required_permissions: ['internet', 'math:calculate'],
    optional_permissions: ['gate'],
    network: { allow: ['a.example.com:443', 'b.example.com:443'] },
    secrets: { KEY: { hosts: ['a.example.com:443'] }, OLD: { hosts: ['a.example.com:443'] } },
    limits: { memory_mb: 256 },
  });
  const after = manifestOf({
    version: '2.0.0',
    required_permissions: ['llm', 'internet'],
    optional_permissions: ['events'],
    network: { allow: ['c.example.com:443', 'b.example.com:443'] },
    secrets: { KEY: { hosts: ['a.example.com:443', 'c.example.com:443'] } },
    limits: { memory_mb: 512 },
    hooks: ['before_tool_call'],
  });
  expect(releaseDifferences({ ...BARE, manifest: before }, { ...BARE, manifest: after })).toMatchObject({
    permissions: { added: ['llm'], removed: ['math:calculate'] },
    optional_permissions: { added: ['events'], removed: ['gate'] },
    network: { added: ['c.example.com:443'], removed: ['a.example.com:443'] },
    hooks: { added: ['before_tool_call'], removed: [] },
    secrets: [
      {
        name: 'KEY',
        from: { hosts: ['a.example.com:443'] },
        to: { hosts: ['a.example.com:443', 'c.example.com:443'] },
      },
      { name: 'OLD', to: null },
    ],
    limits: [{ name: 'memory_mb', from: 256, to: 512 }],
  });
});

test('of tools that stayed, what callers see is compared field by field', () => {
  const before = [
    toolOf('gone'),
    toolOf('kept'),
    toolOf('changed', { parameters: { type: 'object' }, required_permissions: ['math:calculate'] }),
  ];
  const after = [
    toolOf('new'),
    toolOf('kept'),
    toolOf('changed', { parameters: { type: 'object', required: ['a'] }, returns: { type: 'number' } }),
  ];
  const manifest = manifestOf();
  expect(releaseDifferences({ ...BARE, manifest, tools: before }, { ...BARE, manifest, tools: after }).tools).toEqual({
    added: ['new'],
    removed: ['gone'],
    changed: [
      {
        name: 'changed',
        changes: [
          { name: 'parameters', from: { type: 'object' }, to: { type: 'object', required: ['a'] } },
          { name: 'required_permissions', from: ['math:calculate'], to: [] },
          { name: 'returns', from: null, to: { type: 'number' } },
        ],
      },
    ],
  });
  expect(
    releaseDifferences({ ...BARE, manifest, tools: undefined }, { ...BARE, manifest, tools: after }).tools,
  ).toBeNull();
});

test('packages that came, went and changed are listed with their versions, those that are there twice with both', () => {
  const manifest = manifestOf();
  const at = (name: string, version: string | null, path = `node_modules/${name}`): Dependency => ({
    ...{ name, version, license: 'MIT', path },
  });
  const before = [at('same', '1.0.0'), at('gone', '1.0.0'), at('zod', '3.0.0')];
  const after = [at('same', '1.0.0'), at('new', null), at('zod', '4.0.0'), at('zod', '3.0.0', 'node_modules/new/zod')];
  expect(
    releaseDifferences({ ...BARE, manifest, dependencies: before }, { ...BARE, manifest, dependencies: after })
      .dependencies,
  ).toEqual([
    { name: 'gone', from: '1.0.0', to: null },
    { name: 'new', from: null, to: 'unknown' },
    { name: 'zod', from: '3.0.0', to: '4.0.0, 3.0.0' },
  ]);
});

test('what was added, taken from what is there, and what was removed put back, is what was', () => {
  const words = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
  fc.assert(
    fc.property(words, words, (before, after) => {
      const { added, removed } = wordChanges(before, after);
      const back = [...after.filter((word) => !added.includes(word)), ...removed];
      expect(back.toSorted()).toEqual(before.toSorted());
    }),
  );
});

test.each([
  ['a capability', ['internet'], ['internet', 'llm'], { permissions: ['llm'], hosts: [], tools: [] }],
  ['a scope of callers is no capability', [], ['math:calculate'], { permissions: [], hosts: [], tools: [] }],
  ['less', ['internet', 'llm'], ['llm'], { permissions: [], hosts: [], tools: [] }],
] as const)('consent is asked for %s', (_what, before, after, asked) => {
  const found = consentAsked(manifestOf({ required_permissions: before }), manifestOf({ required_permissions: after }));
  expect(found).toEqual(asked);
  expect(needsConsent(found)).toBe(asked.permissions.length > 0);
});

test.each([
  ['an optional capability', {}, { optional_permissions: ['llm'] }, ['llm']],
  ['what is needed now', { optional_permissions: ['llm'] }, { required_permissions: ['llm'] }, ['llm']],
  ['what is no longer needed is none', { required_permissions: ['llm'] }, { optional_permissions: ['llm'] }, []],
  ['what was optional is none', { optional_permissions: ['llm', 'gate'] }, { optional_permissions: ['llm'] }, []],
])('consent is asked for %s, of what a plugin can do without', (_what, before, after, permissions) => {
  expect(consentAsked(manifestOf(before), manifestOf(after))).toEqual({ permissions, hosts: [], tools: [] });
});

test('more hosts need consent where the internet was granted for others', () => {
  const [one, two] = [['a.example.com:443'], ['a.example.com:443', 'b.example.com:443']];
  const online = (allow: readonly string[]) => manifestOf({ required_permissions: ['internet'], network: { allow } });
  expect(consentAsked(online(one), online(two))).toEqual({ permissions: [], hosts: ['b.example.com:443'], tools: [] });
  expect(consentAsked(online(two), online(one)).hosts).toEqual([]);
  expect(consentAsked(manifestOf(), online(two))).toEqual({ permissions: ['internet'], hosts: [], tools: [] });
});

test('V1: after any upgrade nothing is granted that was not asked for and named', () => {
  const words = fc.uniqueArray(fc.constantFrom<string>('internet', 'llm', 'events', 'threads', 'secrets'));
  fc.assert(
    fc.property(words, words, words, (granted, asked, wanted) => {
      const named = wanted.filter((word) => asked.includes(word));
      const after = grantsAfterUpgrade(granted, manifestOf({ required_permissions: asked }), named);
      expect(new Set(after).size).toBe(after.length);
      const [needed, optional] = [asked.slice(1), asked.slice(0, 1)];
      const asking = manifestOf({ required_permissions: needed, optional_permissions: optional });
      expect(grantsAfterUpgrade(granted, asking, named).toSorted()).toEqual(after.toSorted());
      for (const word of after) expect(asked.includes(word) && [...granted, ...named].includes(word)).toBe(true);
    }),
  );
});

function move(kind: MoveRow['kind'], from: string, to: string, granted: readonly string[] = []): MoveRow {
  const whose = { tenant_id: 'acme', plugin_name: 'calc', actor: 'test', reason: null, at: '2026-01-01T00:00:00.000Z' };
  return { ...whose, kind, from_version: from, to_version: to, granted_before: granted };
}

test('V2: coming back gives back what was granted there, as far as the release asks for it', () => {
  const moves = [move('upgrade', '1.0.0', '2.0.0', ['internet', 'llm'])];
  const one = manifestOf({ required_permissions: ['internet', 'events'] });
  expect(grantsAfterRollback(['events'], one, moves)).toEqual(['internet']);
  expect(grantsAfterRollback(['events', 'llm'], one, [])).toEqual(['events']);
});

test('rolling back again and again goes back release by release, and never to and fro', () => {
  const ups = [move('upgrade', '1.0.0', '2.0.0'), move('enable', '2.0.0', '3.0.0')];
  expect(versionBefore(ups, '3.0.0')).toBe('2.0.0');
  const back = [...ups, move('automatic_rollback', '3.0.0', '2.0.0')];
  expect(versionBefore(back, '2.0.0')).toBe('1.0.0');
  expect(versionBefore([...back, move('rollback', '2.0.0', '1.0.0')], '1.0.0')).toBeUndefined();
  expect(versionBefore([], '1.0.0')).toBeUndefined();
});
