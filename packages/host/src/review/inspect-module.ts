/**
 * Applies every rule to one module and lists what it asks for from others.
 */
import type { Finding } from '@bulkhead/protocol';
import { requestOf, type ModuleRequest } from './module-requests.ts';
import { parseModule } from './parse-module.ts';
import type { Hit, ParsedModule, Rule } from './rule.ts';
import { RULES } from './rules.ts';
import type { SyntaxNode } from './syntax.ts';
import { isForTypes, usedNames } from './used-names.ts';

/** What one module gave: findings in source order, and what it asks for from others. */
export type InspectedModule = { readonly findings: readonly Finding[]; readonly requests: readonly LocatedRequest[] };

/** A request with its line; `isOptional` where it stands in a try block, so that the module lives without it. */
export type LocatedRequest = ModuleRequest & { readonly line: number; readonly isOptional: boolean };

/** More findings of one file say no more. */
const FINDINGS_MAX = 100;

/**
 * Inspects one js or ts module. A module that does not parse asks for nothing.
 *
 * @param asks - The permissions that its plugin asks for.
 */
export function inspectModule(path: string, text: string, asks: readonly string[] = []): InspectedModule {
  const lineAt = createLines(text);
  const parsed = parseModule({ path, text, asks });
  if (!parsed.ok) {
    const hint = 'Correct the syntax at this line.';
    const message = `Syntax error: ${parsed.message}`;
    return {
      findings: [{ id: 'PARSE_ERROR', severity: 'error', path, line: lineAt(parsed.start), message, hint }],
      requests: [],
    };
  }
  const { module } = parsed;
  const requests = requestsOf(module).map((request) => ({
    ...request,
    line: lineAt(request.node.start),
    isOptional: isInTry(request.node, module),
  }));
  const findings = hitsOf(module, requests)
    .map(({ rule, hit }) => findingOf(rule, hit, { path, line: lineAt(hit.start) }))
    .slice(0, FINDINGS_MAX);
  return { findings, requests };
}

/** Returns a function from an offset to its line, from 1. */
function createLines(text: string): (offset: number) => number {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(match.index + match[0].length);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function requestsOf(module: ParsedModule): readonly ModuleRequest[] {
  const isTypeScript = /\.[cm]?ts$/.test(module.path);
  const used = isTypeScript ? usedNames(module.nodes) : undefined;
  const requests: ModuleRequest[] = [];
  for (const { node } of module.nodes) {
    const request = requestOf(node, module.meaning);
    if (request !== undefined && (used === undefined || !isForTypes(node, used))) requests.push(request);
  }
  return requests;
}

function hitsOf(
  module: ParsedModule,
  requests: readonly ModuleRequest[],
): { readonly rule: Rule; readonly hit: Hit }[] {
  const hits: { rule: Rule; hit: Hit }[] = [];
  const note = (rule: Rule, hit: Hit | undefined): void => {
    if (hit !== undefined) hits.push({ rule, hit });
  };
  const nodeRules = RULES.filter((rule) => rule.looksAt === 'node');
  for (const { node } of module.nodes) for (const rule of nodeRules) note(rule, rule.check(node, module));
  for (const rule of RULES) {
    if (rule.looksAt === 'request') for (const request of requests) note(rule, rule.check(request, module));
    if (rule.looksAt === 'text') for (const hit of rule.check(module)) note(rule, hit);
  }
  return hits.toSorted((one, other) => one.hit.start - other.hit.start);
}

function findingOf(rule: Rule, hit: Hit, at: { readonly path: string; readonly line: number }): Finding {
  return { id: rule.id, severity: rule.severity, ...at, message: hit.message, hint: hit.hint };
}

function isInTry(node: SyntaxNode, module: ParsedModule): boolean {
  let inner = node;
  for (let at = module.scopes.parentOf(node); at !== undefined; at = module.scopes.parentOf(at)) {
    if (at.type === 'TryStatement' && at['block'] === inner) return true;
    inner = at;
  }
  return false;
}
