import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderTables } from './tidy/tables.ts';
import contractIds from './contract-ids.json' with { type: 'json' };
import { summarizeIds } from './tidy/contracts.ts';
import { ERRORS } from '@bulkhead/protocol';
import { checkErrorCodes } from './tidy/error-codes.ts';
import { checkChanges, checkDecisions, checkLinks } from './tidy/docs.ts';
import { checkDefaultTool, checkExecution, checkStateNames } from './tidy/execution.ts';
import { checkDocstrings, checkExportStar, checkHeaders, checkPromises } from './tidy/house-rules.ts';
import { checkLock } from './tidy/lock.ts';
import { parseModules } from './tidy/modules.ts';
import { checkDependencyDecisions, checkPackages } from './tidy/packages.ts';
import { checkContractIds, checkSkippedTests, namedContracts, unnamedContracts } from './tidy/test-rules.ts';
import { formatFindings, readTree, type TidyFinding } from './tidy/tree.ts';

const tree = readTree(resolve(import.meta.dirname, '..'));
const modules = parseModules(tree);
const known: ReadonlySet<string> = new Set(contractIds);

function expectNone(findings: readonly TidyFinding[]): void {
  expect(formatFindings(findings)).toEqual([]);
}

describe('the repository', () => {
  test('packages depend in one direction, in one version, under one licence', () => {
    expectNone(checkPackages(tree));
  });

  test('every library that a package needs stands in a decision record', () => {
    expectNone(checkDependencyDecisions(tree));
  });

  test('the lock names every platform, so that npm ci takes it anywhere', () => {
    expectNone(checkLock(tree));
  });

  test('no module exports everything of another', () => {
    expectNone(checkExportStar(modules));
  });

  test('every module opens with what it is for', () => {
    expectNone(checkHeaders(modules));
  });

  test('[F000-36] every export has a docstring', () => {
    expectNone(checkDocstrings(modules));
  });

  test('every promise in a comment has an issue', () => {
    expectNone(checkPromises(modules));
  });

  test('[F001-2, F001-15, F001-47, X001-11] no server-side code runs a plugin outside the sandbox', () => {
    expectNone(checkExecution(modules));
  });

  test('[X001-1, X001-11] every lifecycle state in code is one of the five', () => {
    expectNone(checkStateNames(modules));
  });

  test('[X001-11] no code calls a tool "default"', () => {
    expectNone(checkDefaultTool(modules));
  });

  test('[X001-13] no test is skipped or runs alone', () => {
    expectNone(checkSkippedTests(modules));
  });

  test.each([...renderTables()])('%s is the table of the code', (path, text) => {
    expect(tree.get(path), `run \`npm run docs:tables\``).toBe(text);
  });

  test('every code of the error table is provoked by a test', () => {
    expectNone(checkErrorCodes(tree, Object.keys(ERRORS)));
  });

  test('links in documents lead somewhere', () => {
    expectNone(checkLinks(tree));
  });

  test('[F000-51] decision records are numbered and complete', () => {
    expectNone(checkDecisions(tree));
  });

  test('[F000-39] change notes have their form', () => {
    expectNone(checkChanges(tree));
  });

  test('every contract id that a test names exists; those that none names are printed', () => {
    const named = namedContracts(modules);
    const unnamed = unnamedContracts(named, known);
    console.log(
      [`contracts that no test names yet: ${unnamed.length} of ${known.size}`, ...summarizeIds(unnamed)].join('\n'),
    );
    expectNone(checkContractIds(named, known));
  });
});
