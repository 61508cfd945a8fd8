import { expect, test } from 'vitest';
import { parseModules } from './modules.ts';
import { checkContractIds, checkSkippedTests, namedContracts, unnamedContracts } from './test-rules.ts';

/** Written apart, so that this file names no contract that does not exist. */
const UNKNOWN = ['F009', '99'].join('-');

function modulesOf(text: string): ReturnType<typeof parseModules> {
  return parseModules(new Map([['packages/host/src/part.test.ts', text]]));
}

test.each(['it.skip("x")', 'test.only("x")', 'describe.todo("x")', 'it.each([1]).skip("x")', 'test.skipIf(a)("x")'])(
  '[X001-13] a test that does not run is found: %s',
  (code) => {
    expect(checkSkippedTests(modulesOf(code))).toHaveLength(1);
  },
);

test('[X001-13] a test for some machines only needs an approval with its reason, which does not cover a skipped one', () => {
  expect(checkSkippedTests(modulesOf('// APPROVED: needs root.\ntest.runIf(isRoot)("x");'))).toEqual([]);
  expect(checkSkippedTests(modulesOf('// APPROVED:\ntest.runIf(isRoot)("x");'))).toHaveLength(1);
  expect(checkSkippedTests(modulesOf('// APPROVED: needs root.\ntest("y"); test.runIf(isRoot)("x");'))).toHaveLength(1);
  expect(checkSkippedTests(modulesOf('// APPROVED: needs root.\ntest.skip("x");'))).toHaveLength(1);
});

test('[X001-13] words alone and members of other objects are no skipped test', () => {
  expect(checkSkippedTests(modulesOf('it("x"); list.skip(1); // it.skip\nconst text = "it.skip";'))).toEqual([]);
});

test('contract ids are read from titles, several in one bracket and in templates too', () => {
  const ids = namedContracts(modulesOf('it("[F001-2] x"); it(`[F001-3, F001-4] ${x}`); // [F001-5]'));
  expect(ids.map(({ id }) => id)).toEqual(['F001-2', 'F001-3', 'F001-4']);
});

test('an id that no contract has is found with its place', () => {
  const named = namedContracts(modulesOf(`\nit("[${UNKNOWN}] x");`));
  expect(checkContractIds(named, new Set(['F001-2']))).toEqual([
    { path: 'packages/host/src/part.test.ts', line: 2, message: expect.stringContaining(UNKNOWN) },
  ]);
});

test('the ids that no test names come in the order of the contracts', () => {
  const known = new Set(['F001-1', 'F001-2', 'F001-3']);
  expect(unnamedContracts(namedContracts(modulesOf('it("[F001-2] x")')), known)).toEqual(['F001-1', 'F001-3']);
});
