/**
 * Child processes that nobody ends or asks how they ended (F000-47). Only a plugin that asks for `children` may hope for
 * any; for all others the refused import says all there is to say.
 */
import type { Hit, ParsedModule, Rule } from '../rule.ts';
import { child, children, identifierName, unwrap, type SyntaxNode } from '../syntax.ts';
import { memberKey } from './member.ts';

/** Where the end is told by an event, by the result, by a callback, or by a throw. */
const BY_EVENT: readonly string[] = ['spawn', 'fork'];
const BY_RESULT: readonly string[] = ['spawnSync'];
const BY_CALLBACK: readonly string[] = ['exec', 'execFile'];
const BY_THROW: readonly string[] = ['execSync', 'execFileSync'];
const STARTS: readonly string[] = [...BY_EVENT, ...BY_RESULT, ...BY_CALLBACK, ...BY_THROW];

/** Warns of children without a time limit, and of those whose end is not looked at. */
export const childUnbounded: Rule = {
  id: 'CHILD_UNBOUNDED',
  severity: 'warning',
  about: 'asks for `children` and starts one without `timeout` or `signal`, or without looking at how it ended',
  binds: 'refused by the loader: `IMPORT_REFUSED`',
  looksAt: 'text',
  check: (module) => {
    if (!module.asks.includes('children') || !module.text.includes('child_process')) return [];
    const names = importedStarts(module);
    return module.nodes.flatMap(({ node }) => hitsOf(node, names, module));
  },
};

/** What the module calls them: local name to their own, and `*` for names of the whole module. */
function importedStarts({ nodes }: ParsedModule): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { node } of nodes) {
    if (node.type !== 'ImportDeclaration') continue;
    const source = child(node, 'source')?.['value'];
    if (source !== 'child_process' && source !== 'node:child_process') continue;
    for (const specifier of children(node, 'specifiers')) {
      const imported = specifier.type === 'ImportSpecifier' ? identifierName(child(specifier, 'imported')) : '*';
      names.set(identifierName(child(specifier, 'local')) ?? '', imported ?? '');
    }
  }
  return names;
}

function hitsOf(node: SyntaxNode, names: ReadonlyMap<string, string>, module: ParsedModule): readonly Hit[] {
  const start = node.type === 'CallExpression' ? startIn(node, names, module) : undefined;
  if (start === undefined) return [];
  const hits: Hit[] = [];
  if (!hasTimeLimit(node)) {
    const message = `${start} starts a child process that has no time limit`;
    hits.push({ start: node.start, message, hint: 'Give it `timeout` or the call’s `signal` among its options.' });
  }
  if (!isEndSeen(start, node, module)) {
    const message = `nobody looks at how the child process of ${start} ended`;
    hits.push({ start: node.start, message, hint: 'Look at its exit code, and throw where it is not 0.' });
  }
  return hits;
}

function startIn(node: SyntaxNode, names: ReadonlyMap<string, string>, { meaning }: ParsedModule): string | undefined {
  const callee = unwrap(child(node, 'callee'));
  if (callee === undefined) return undefined;
  const own = names.get(identifierName(callee) ?? '');
  if (own !== undefined) return STARTS.find((name) => name === own);
  if (names.get(identifierName(child(callee, 'object')) ?? '') !== '*') return undefined;
  return STARTS.find((name) => name === memberKey(callee, meaning, undefined));
}

/** Options that are not written out here may hold one. */
function hasTimeLimit(node: SyntaxNode): boolean {
  return children(node, 'arguments')
    .slice(1)
    .some((argument) => {
      if (argument.type === 'Identifier' || argument.type === 'SpreadElement') return true;
      return children(argument, 'properties').some((property) => {
        const key = identifierName(child(property, 'key'));
        return property.type === 'SpreadElement' || key === 'timeout' || key === 'signal';
      });
    });
}

function isEndSeen(start: string, node: SyntaxNode, { nodes }: ParsedModule): boolean {
  if (BY_THROW.includes(start)) return true;
  if (BY_CALLBACK.includes(start)) {
    const last = children(node, 'arguments').at(-1);
    return last !== undefined && /Function|Identifier/.test(last.type);
  }
  const words = BY_EVENT.includes(start) ? ['exit', 'close', 'exitCode'] : ['status', 'error'];
  return nodes.some(({ node: other }) => words.some((word) => word === (identifierName(other) ?? other['value'])));
}
