import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOST_CAPABILITIES, capabilitiesOf, permissionKindOf, scopesOf } from './permissions.ts';

test('the closed list of capabilities is the design’s', () => {
  expect(HOST_CAPABILITIES).toEqual([
    'internet',
    'temp_dir',
    'secrets',
    'llm',
    'events',
    'threads',
    'children',
    'gate',
    'memory.read:<plugin>',
    'call:<plugin>',
  ]);
});

test.for(['internet', 'temp_dir', 'gate', 'call:calculator', 'memory.read:notes-2'])(
  '"%s" is a capability of the host',
  (word) => {
    expect(permissionKindOf(word)).toBe('capability');
  },
);

test.for(['math:calculate', 'agent.read:all', 'a:b:c', 'internet:x', 'calls:x', 'memory.reads:x'])(
  '"%s" is a scope of the caller’s token [X003-9]',
  (word) => {
    expect(permissionKindOf(word)).toBe('scope');
  },
);

test.for([
  '',
  'internets',
  'INTERNET',
  ' internet',
  'internet\n',
  'a:',
  ':a',
  'a::b',
  'Math:calculate',
  'é:a',
  'a:b/c',
  '__proto__',
])('%j is no permission', (word) => {
  expect(permissionKindOf(word)).toBeUndefined();
});

test.for(['call', 'call:', 'call:Other', 'call:a:b', 'call:9', 'memory.read', 'memory.read:a:b', 'memory.read:.x'])(
  'the misspelt capability "%s" does not pass for a scope',
  (word) => {
    expect(permissionKindOf(word)).toBeUndefined();
  },
);

test('every word is of one kind at most, and the two lists share nothing', () => {
  const word = fc.oneof(fc.constantFrom('internet', 'call:a', 'math:add', 'x'), fc.string());
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const capabilities = capabilitiesOf(words);
      const scopes = scopesOf(words);
      expect(capabilities.filter((candidate) => scopes.includes(candidate))).toEqual([]);
      expect(capabilities.length + scopes.length).toBe(
        words.filter((candidate) => permissionKindOf(candidate) !== undefined).length,
      );
    }),
  );
});
