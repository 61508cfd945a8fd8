import { expect, test } from 'vitest';
import { checkDependencyDecisions, checkPackages } from './packages.ts';

const ROOT = { version: '1.0.0', license: 'Apache-2.0' };

function findingsFor(json: object): readonly string[] {
  const tree = new Map([
    ['package.json', JSON.stringify(ROOT)],
    ['packages/x/package.json', JSON.stringify({ ...ROOT, ...json })],
  ]);
  return checkPackages(tree).map(({ message }) => message);
}

test('a dependency against the direction is found', () => {
  const json = { name: '@bulkhead/protocol', dependencies: { '@bulkhead/host': '1.0.0', typebox: '^1.0.0' } };
  expect(findingsFor(json)).toEqual([expect.stringContaining('@bulkhead/protocol depends on @bulkhead/host')]);
  expect(findingsFor({ name: '@bulkhead/host', dependencies: { '@bulkhead/protocol': '1.0.0' } })).toEqual([]);
});

test('nobody depends on the command line', () => {
  const json = { name: '@bulkhead/server', dependencies: { bulkhead: '1.0.0' } };
  expect(findingsFor(json)).toEqual([expect.stringContaining('@bulkhead/server depends on bulkhead')]);
});

test('a package that no layer knows is found', () => {
  expect(findingsFor({ name: '@bulkhead/extra' })).toEqual([expect.stringContaining('"@bulkhead/extra" is not known')]);
});

test('version, licence and the versions of our own packages keep step with the root', () => {
  const json = { name: '@bulkhead/sdk', version: '0.9.0', license: 'MIT', dependencies: { '@bulkhead/protocol': '*' } };
  expect(findingsFor(json)).toHaveLength(3);
});

test('a library that a package needs at run time stands in a decision record', () => {
  const tree = new Map([
    ['packages/x/package.json', JSON.stringify({ dependencies: { pino: '1', other: '1', '@bulkhead/protocol': '1' } })],
    ['docs/adr/0001-libraries.md', '| logs | pino, winston | why |'],
  ]);
  expect(checkDependencyDecisions(tree).map(({ message }) => message)).toEqual([
    expect.stringContaining('other is in no'),
  ]);
});
