/**
 * Applies every rule to one module and lists what it asks for from others.
 */
import type { Finding } from '@bulkhead/protocol';
import { createApplyRules } from './apply-rules.ts';
import { requestOf, type ModuleRequest } from './module-requests.ts';
import { parseModule } from './parse-module.ts';
import type { Hit, ParsedModule, Rule } from './rule.ts';
import { RULES } from './rules.ts';
import type { PlacedNode } from './syntax.ts';
import { isForTypes, usedNames } from './used-names.ts';

/** What one module gave: findings in source order, and what it asks for from others. */
export type InspectedModule = { readonly findings: readonly Finding[]; readonly requests: readonly LocatedRequest[] };

/** A request with its line; `isOptional` where it stands in a try block, so that the module lives without it. */
export type LocatedRequest = ModuleRequest & { readonly line: number; readonly isOptional: boolean };

/** More findings of one file say no more. */
const FINDINGS_MAX = 100;

const applyRules = createApplyRules(RULES);

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
  const requests = requestsOf(module).map(({ placed, request }) => ({
    ...request,
    line: lineAt(request.node.start),
    isOptional: isInTry(placed),
  }));
  const findings = applyRules(module, requests)
    .map(({ rule, hit }) => findingOf(rule, hit, { path, line: lineAt(hit.start) }))
    .slice(0, FINDINGS_MAX);
  return { findings, requests };
}

/** Returns a function from an offset to its line, from 1; most modules are never asked, so lines are looked for late. */
function createLines(text: string): (offset: number) => number {
  let starts: readonly number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
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

function lineStarts(text: string): readonly number[] {
  const ends = text.matchAll(/\r\n|[\n\r\u2028\u2029]/g);
  return [0, ...Array.from(ends, ({ 0: { length }, index }) => index + length)];
}

type PlacedRequest = { readonly placed: PlacedNode; readonly request: ModuleRequest };

function requestsOf(module: ParsedModule): readonly PlacedRequest[] {
  const requests: PlacedRequest[] = [];
  for (const placed of module.nodes) {
    const request = requestOf(placed, module.meaning);
    if (request !== undefined) requests.push({ placed, request });
  }
  const isTypeScript = /\.[cm]?ts$/.test(module.path);
  if (!isTypeScript || !requests.some(({ placed }) => placed.type === 'ImportDeclaration')) return requests;
  const used = usedNames(module.nodes);
  return requests.filter(({ request }) => !isForTypes(request.node, used));
}

function findingOf(rule: Rule, hit: Hit, at: { readonly path: string; readonly line: number }): Finding {
  return { id: rule.id, severity: rule.severity, ...at, message: hit.message, hint: hit.hint };
}

function isInTry(placed: PlacedNode): boolean {
  let inner = placed.node;
  for (let at = placed.parent; at !== undefined; at = at.parent) {
    if (at.type === 'TryStatement' && at.node['block'] === inner) return true;
    inner = at.node;
  }
  return false;
}
