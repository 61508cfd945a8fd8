/**
 * Rules for tests: none is skipped, focused or left to be written (X001-13), and each contract id that one names exists.
 */
import { type Expression, type PrivateIdentifier, type Super, Visitor } from 'oxc-parser';
import { isTest, type Module } from './modules.ts';
import { lineAt, type TidyFinding } from './tree.ts';

const RUNNERS: ReadonlySet<string> = new Set(['it', 'test', 'describe', 'suite', 'bench', 'ctx', 'context']);
const NOT_RUN: ReadonlySet<string> = new Set(['skip', 'only', 'todo', 'fails']);
const NOT_EVERYWHERE: ReadonlySet<string> = new Set(['skipIf', 'runIf']);

/**
 * Finds tests that do not run, or that run alone. A test that runs on some machines only is let through where the line
 * above says `APPROVED:` and why.
 */
export function checkSkippedTests(modules: readonly Module[]): readonly TidyFinding[] {
  return modules.filter(isTest).flatMap((module) => {
    const findings: TidyFinding[] = [];
    new Visitor({
      MemberExpression(node) {
        if (node.computed || node.property.type !== 'Identifier' || !RUNNERS.has(rootName(node.object))) return;
        const message = skipFinding(node.property.name, isApproved(module, node.start));
        if (message !== undefined) findings.push({ path: module.path, line: lineAt(module.text, node.start), message });
      },
    }).visit(module.program);
    return findings;
  });
}

function skipFinding(word: string, approved: boolean): string | undefined {
  if (NOT_RUN.has(word)) return `.${word} keeps a test from running; mend the test or remove it`;
  if (!NOT_EVERYWHERE.has(word) || approved) return undefined;
  return `.${word} keeps a test from running on some machines; say "// APPROVED: why" on the line above, or run it`;
}

function isApproved({ comments, text }: Module, start: number): boolean {
  return comments.some(
    ({ end, value }) => end <= start && /^\s*APPROVED: \S/.test(value) && text.slice(end, start).trim() === '',
  );
}

/** Where a contract id is named by a test. */
export type NamedContract = { readonly id: string; readonly path: string; readonly line: number };

/**
 * Lists the contract ids that tests name: those in square brackets in a text, `[F001-22]` or `[F001-22, F001-23]`, as test
 * titles have them.
 */
export function namedContracts(modules: readonly Module[]): readonly NamedContract[] {
  return modules.filter(isTest).flatMap((module) => {
    const named: NamedContract[] = [];
    const collect = (text: string, start: number): void => {
      for (const id of idsIn(text)) named.push({ id, path: module.path, line: lineAt(module.text, start) });
    };
    new Visitor({
      Literal(node) {
        if (typeof node.value === 'string') collect(node.value, node.start);
      },
      TemplateElement(node) {
        collect(node.value.raw, node.start);
      },
    }).visit(module.program);
    return named;
  });
}

/** Finds ids that no contract has. */
export function checkContractIds(named: readonly NamedContract[], known: ReadonlySet<string>): readonly TidyFinding[] {
  return named
    .filter(({ id }) => !known.has(id))
    .map(({ id, path, line }) => ({ path, line, message: `${id} is no contract; see tools/contract-ids.json` }));
}

/** Lists, in the contracts' order, the ids that no test names yet. */
export function unnamedContracts(named: readonly NamedContract[], known: ReadonlySet<string>): readonly string[] {
  const seen = new Set(named.map(({ id }) => id));
  return [...known].filter((id) => !seen.has(id));
}

function idsIn(text: string): readonly string[] {
  const brackets = text.match(/\[[FX]\d{3}-\d+(?:,? [FX]\d{3}-\d+)*\]/g) ?? [];
  return brackets.flatMap((bracket) => bracket.match(/[FX]\d{3}-\d+/g) ?? []);
}

/** `it` of `it.each([])`, `describe` of `describe.concurrent`; empty where it is no plain name. */
function rootName(node: Expression | PrivateIdentifier | Super): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression') return rootName(node.object);
  return node.type === 'CallExpression' ? rootName(node.callee) : '';
}
