import type { Manifest } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { findOperatorSecrets } from './operator-secrets.ts';

const manifest = (name: string, ...secrets: readonly string[]): Manifest =>
  ({ name, secrets: Object.fromEntries(secrets.map((secret) => [secret, { hosts: [], in: [] }])) }) as never;
const find = findOperatorSecrets([{ isFor: ({ name }) => name === 'mine', name: 'KEY', value: 'v' }]);

test.for([
  ['of its own name', manifest('mine', 'KEY', 'OTHER'), 'KEY', 'v'],
  ['that is the only one', manifest('mine', 'TOKEN'), 'TOKEN', 'v'],
  ['beside that of its name', manifest('mine', 'KEY', 'OTHER'), 'OTHER', undefined],
  ['of several, none of its name', manifest('mine', 'A', 'B'), 'A', undefined],
  ['that is not declared', manifest('mine', 'KEY'), 'TOKEN', undefined],
  ['of another plugin', manifest('other', 'KEY'), 'KEY', undefined],
] as const)('the operator’s value for a secret %s', ([, whose, name, value]) => {
  expect(find(whose, name)).toBe(value);
});
