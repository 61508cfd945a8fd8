import { expect, test } from 'vitest';
import { createApplyRules } from './apply-rules.ts';
import { parseModule } from './parse-module.ts';
import type { Hit, ParsedModule, Rule } from './rule.ts';
import { RULES } from './rules.ts';

const WORDS = { severity: 'warning', about: '', binds: '' } as const;

function parsed(text: string): ParsedModule {
  const result = parseModule({ path: 'main.ts', text, asks: [] });
  if (!result.ok) throw new Error(result.message);
  return result.module;
}

/** A rule that finds every node which it is handed. */
function finder(id: string, types: readonly string[]): Rule {
  return {
    id,
    ...WORDS,
    looksAt: 'node',
    types,
    check: ({ node }): Hit => ({ start: node.start, message: node.type, hint: '' }),
  };
}

test('a rule is handed every node of the types that it names, and never another', () => {
  const module = parsed('class A { m(b: string) { return this[b](`${b}`); } }\nnew A().m?.(1);');
  const types = [...new Set(module.nodes.map(({ node }) => node.type))];
  expect(types.length).toBeGreaterThan(10);
  for (const type of types) {
    const handed = createApplyRules([finder('ONE', [type])])(module, []).map(({ hit }) => [hit.message, hit.start]);
    const there = module.nodes.filter(({ node }) => node.type === type).map(({ node }) => [type, node.start]);
    expect(handed).toEqual(there);
  }
});

test('hits come in source order, and at one place in the order of the rules', () => {
  const rules = [
    finder('CALL', ['CallExpression']),
    finder('NAME', ['Identifier']),
    finder('BOTH', ['Identifier', 'CallExpression']),
  ];
  const hits = createApplyRules(rules)(parsed('a(); b();'), []);
  expect(hits.map(({ rule, hit }) => `${hit.start} ${rule.id} ${hit.message}`)).toEqual([
    '0 CALL CallExpression',
    '0 BOTH CallExpression',
    '0 NAME Identifier',
    '0 BOTH Identifier',
    '5 CALL CallExpression',
    '5 BOTH CallExpression',
    '5 NAME Identifier',
    '5 BOTH Identifier',
  ]);
});

test('every rule about nodes names types that the parser has', () => {
  const named = RULES.flatMap((rule) => (rule.looksAt === 'node' ? rule.types : []));
  const module = parsed('class A { m() { const { b } = this; return b.c(`d`, new A()) + e`f` + 1; } }');
  const known = [...new Set(module.nodes.map(({ node }) => node.type)), 'WithStatement'];
  expect(named.filter((type) => !known.includes(type))).toEqual([]);
});
