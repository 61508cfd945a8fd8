import fc from 'fast-check';
import { valid } from 'semver';
import { expect, test } from 'vitest';
import { DEFAULT_TENANT, parseDigest, parsePluginName, parseTenantId, parseToolName, parseVersion } from './ids.ts';

const long = 'a'.repeat(64);

test.for(['a', 'calculator', 'a-b', 'a_b', 'a1', long])('"%s" is a plugin name [F003-17]', (name) => {
  expect(parsePluginName(name)).toBe(name);
});

test.for([
  '',
  'A',
  '1a',
  '-a',
  '_a',
  'a__b',
  'a.b',
  'a b',
  'a/b',
  '../a',
  'a\n',
  'a\u0000',
  'é',
  `${long}a`,
  5,
  null,
  undefined,
  {},
])('%j is no plugin name [F003-17]', (name) => {
  expect(parsePluginName(name)).toBeUndefined();
});

test.for(['add', 'word_count', 'a1', long])('"%s" is a tool name', (name) => {
  expect(parseToolName(name)).toBe(name);
});

test.for(['', 'word-count', 'Word', 'a__b', '1a', 'a.b', 'constructor ', `${long}a`, null])(
  '%j is no tool name',
  (name) => {
    expect(parseToolName(name)).toBeUndefined();
  },
);

test.for(['1.0.0', '0.0.0', '1.0.0-rc.1+b', '10.20.30', '1.0.0-alpha', '1.0.0-0.3.7', '1.0.0+001', '1.0.0--'])(
  '"%s" is a version [F003-17, decision 9]',
  (version) => {
    expect(parseVersion(version)).toBe(version);
  },
);

test.for([
  '1.0',
  'v1.0.0',
  '1.0.0junk',
  '',
  '1',
  '01.0.0',
  '1.0.0-',
  '1.0.0-01',
  '1.0.0+',
  '1.0.0 ',
  '1.0.0\n',
  `1.0.0-${long}`,
  1,
  null,
])('%j is no version [F003-17, decision 9]', (version) => {
  expect(parseVersion(version)).toBeUndefined();
});

test('of any text, the versions are those that semver takes as they stand [decision 9]', () => {
  const part = fc.oneof(fc.nat(12).map(String), fc.stringMatching(/^[0-9a-zA-Z-]{0,4}$/));
  const text = fc
    .array(fc.oneof(part, fc.constantFrom('.', '-', '+', 'v', ' ')), { maxLength: 12 })
    .map((parts) => parts.join(''));
  const near = fc
    .tuple(part, part, part, fc.constantFrom('', '-', '+', '-a+'), text)
    .map(([a, b, c, mark, rest]) => `${a}.${b}.${c}${mark}${rest}`);
  fc.assert(
    fc.property(fc.oneof(text, near), (candidate) => {
      fc.pre(candidate.length <= 64);
      const build = candidate.indexOf('+');
      const bare = build < 0 ? candidate : candidate.slice(0, build);
      // semver itself forgives white space around a version.
      const isStrict = candidate.trim() === candidate && valid(candidate) === bare;
      expect(parseVersion(candidate) !== undefined).toBe(isStrict);
    }),
    { numRuns: 3_000 },
  );
});

test('a version that is long and hostile is judged at once', () => {
  expect(parseVersion(`1.0.0-${'1'.repeat(60_000)}!`)).toBeUndefined();
});

test('a digest is 64 lower-case hex digits', () => {
  const digest = '0123456789abcdef'.repeat(4);
  expect(parseDigest(digest)).toBe(digest);
  for (const other of [digest.toUpperCase(), digest.slice(1), `${digest}0`, `${digest}\n`, null])
    expect(parseDigest(other)).toBeUndefined();
});

test('a tenant id may be the built-in one or a UUID, and names no path', () => {
  expect(parseTenantId('default')).toBe(DEFAULT_TENANT);
  expect(parseTenantId('7f9c24e8-3b12-4fef-91e0-0f3b8a1c5d2e')).toBeDefined();
  for (const other of ['', '.', '..', '../a', 'a/b', 'a\u0000', 'a'.repeat(129), 5])
    expect(parseTenantId(other)).toBeUndefined();
});
