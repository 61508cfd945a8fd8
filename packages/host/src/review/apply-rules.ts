/**
 * Hands each part of a module to the rules that look at it: its text to some, its requests to others, and each node to
 * those alone that name its type. One walk serves them all, because most nodes are nobody's business.
 */
import type { ModuleRequest } from './module-requests.ts';
import type { Hit, ParsedModule, Rule } from './rule.ts';

/** A hit with the rule that found it. */
export type RuleHit = { readonly rule: Rule; readonly hit: Hit };

/** Applies rules to one module; hits come in source order, and at one place in the order of the rules. */
export type ApplyRules = (module: ParsedModule, requests: readonly ModuleRequest[]) => readonly RuleHit[];

/** Sorts rules by what they look at, once for all modules. */
export function createApplyRules(rules: readonly Rule[]): ApplyRules {
  const byType = nodeRulesByType(rules);
  return (module, requests) => {
    const hits: RuleHit[] = [];
    const note = (rule: Rule, hit: Hit | undefined): void => {
      if (hit !== undefined) hits.push({ rule, hit });
    };
    for (const placed of module.nodes)
      for (const rule of byType.get(placed.type) ?? NONE) note(rule, rule.check(placed, module));
    for (const rule of rules) {
      if (rule.looksAt === 'request') for (const request of requests) note(rule, rule.check(request, module));
      if (rule.looksAt === 'text') for (const hit of rule.check(module)) note(rule, hit);
    }
    return hits.toSorted((one, other) => one.hit.start - other.hit.start);
  };
}

type NodeRule = Extract<Rule, { readonly looksAt: 'node' }>;
const NONE: readonly NodeRule[] = [];

function nodeRulesByType(rules: readonly Rule[]): ReadonlyMap<string, readonly NodeRule[]> {
  const nodeRules = rules.filter((rule) => rule.looksAt === 'node');
  const types = new Set(nodeRules.flatMap((rule) => rule.types));
  return new Map([...types].map((type) => [type, nodeRules.filter((rule) => rule.types.includes(type))]));
}
