import { expect, test } from 'vitest';
import { checkDocstrings, checkExportStar, checkHeaders, checkPromises } from './house-rules.ts';
import { parseModules } from './modules.ts';
import { formatFindings } from './tree.ts';

const PATH = 'packages/host/src/part.ts';

function modulesOf(text: string, path = PATH): ReturnType<typeof parseModules> {
  return parseModules(new Map([[path, text]]));
}

test('export * is found with its line', () => {
  const findings = checkExportStar(modulesOf(`/** Head. */\nexport * from './x.ts';\n`));
  expect(formatFindings(findings)).toEqual([`${PATH}:2 \`export *\` hides what is public; name each export`]);
});

test('a file that opens with code has no header, one that opens with a comment or a bin line and a comment has', () => {
  expect(checkHeaders(modulesOf('const x = 1;\n/** Late. */\n'))).toHaveLength(1);
  expect(checkHeaders(modulesOf('/** What it is for. */\nconst x = 1;\n'))).toEqual([]);
  expect(checkHeaders(modulesOf('#!/usr/bin/env node\n/** Bin. */\n'))).toEqual([]);
  expect(checkHeaders(modulesOf('#!/usr/bin/env node\nrun();\n'))).toHaveLength(1);
});

test.each([
  ['a function', 'export function run(): void {}'],
  ['a class', 'export class Run {}'],
  ['a constant', 'export const run = 1;'],
  ['a type', 'export type Run = 1;'],
  ['an interface', 'export interface Run { x: 1 }'],
])('[F000-36] %s that is exported needs a docstring right above it', (_, code) => {
  expect(checkDocstrings(modulesOf(`/** Head. */\nconst before = 1;\n${code}`))).toHaveLength(1);
  expect(checkDocstrings(modulesOf(`/** Head. */\nconst before = 1;\n// Not a docstring.\n${code}`))).toHaveLength(1);
  expect(checkDocstrings(modulesOf(`/** Head. */\nconst before = 1;\n/** Doc. */\n${code}`))).toEqual([]);
});

test('a word to the linter may stand between a docstring and its export', () => {
  const remark = '// oxlint-disable-next-line max-params -- a public name';
  expect(checkDocstrings(modulesOf(`/** Head. */\n/** Doc. */\n${remark}\nexport function f(): void {}`))).toEqual([]);
  expect(checkDocstrings(modulesOf(`const before = 1;\n${remark}\nexport function f(): void {}`))).toHaveLength(1);
});

test('of an overloaded function the first signature speaks for all', () => {
  const text = `/** Doc. */\nexport function f(x: 1): 1;\nexport function f(x: 2): 2;\nexport function f(x: any): any { return x; }`;
  expect(checkDocstrings(modulesOf(text))).toEqual([]);
});

test('tests need neither header nor docstrings', () => {
  const modules = modulesOf('export const x = 1;', 'packages/host/src/part.test.ts');
  expect([...checkHeaders(modules), ...checkDocstrings(modules)]).toEqual([]);
});

test('a promise in a comment needs an issue number, and a text is no promise', () => {
  const later = 'TODO';
  expect(checkPromises(modulesOf(`/** Head. */ // ${later}: more`))).toHaveLength(1);
  expect(checkPromises(modulesOf(`/** Head. */ // ${later}(#12): more`))).toEqual([]);
  expect(checkPromises(modulesOf(`/** Head. */ const x = '${later}';`))).toEqual([]);
});
