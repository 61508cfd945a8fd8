/**
 * A policy as tables of plain values, as files and reports have it, and back. Reading tells everything that is wrong at once, each with its path;
 * a key that nobody knows is refused, so that a misspelt limit is not one that was never asked.
 *
 *   kind name description      both kinds
 *   [promotion]                evidence: rule, margin
 *   [gating]                   both: levels, floors and caps (X002-9)
 *   [objectives]               both: limits on what was measured beside pass rates
 *   [looks]                    evidence: kind, and what that kind has
 */
import type { JsonObject } from '@bulkhead/protocol';
import { closest } from 'fastest-levenshtein';
import { NO_OBJECTIVES, OBJECTIVES, type Objectives } from '../decision/objectives.ts';
import {
  CLASSIC_DEFAULTS,
  createPolicy,
  DEFAULT_POLICY,
  EVIDENCE_DEFAULTS,
  type ClassicPolicy,
  type EvidencePolicy,
  type Looks,
  type Policy,
} from '../decision/policy.ts';
import { LOOK_FIELDS, OBJECTIVE_RULES, oneOf, RULES, type Rule } from '../decision/policy-rules.ts';
import { GuardError } from '../guard-error.ts';

type Rules = Readonly<Record<string, Rule>>;
type Tables = Readonly<Record<string, Rules>>;

const { margin, name, description, min_delta, hard, flips_max, looks, min, interval, ...COMMON } = RULES;

const ROOT: Rules = { kind: oneOf('evidence', 'classic'), name, description };
const LOOK_KIND = oneOf(...Object.keys(LOOK_FIELDS));

/** Tables of each kind, and the rules of their keys. */
export const TABLES: Readonly<Record<Policy['kind'], Tables>> = {
  evidence: {
    promotion: { rule: oneOf('noninferiority', 'superiority'), margin },
    gating: { ...COMMON, hard, flips_max },
    objectives: OBJECTIVE_RULES,
    looks: { kind: LOOK_KIND, looks, min, interval },
  },
  classic: { gating: { ...COMMON, min_delta }, objectives: OBJECTIVE_RULES },
};

/** More findings than this are not told one by one. */
const FINDINGS_MAX = 50;

/**
 * Writes every field of a policy, those that are not asked for as null.
 */
export function toTables(policy: Policy): JsonObject {
  const { kind } = policy;
  const objectives = Object.fromEntries(OBJECTIVES.map((one) => [one.name, policy.objectives[one.key] ?? null]));
  const gating = {
    alpha: policy.alpha,
    min_pass_rate: policy.minPassRate ?? null,
    sandbox_failures_max: policy.sandboxFailuresMax,
    power_target: policy.powerTarget,
    violation_cap: policy.violationCap,
  };
  const head = { kind, name: policy.name, description: policy.description };
  if (policy.kind === 'classic') return { ...head, gating: { ...gating, min_delta: policy.minDelta }, objectives };
  const rule = policy.bar > 0 ? 'superiority' : 'noninferiority';
  return {
    ...head,
    promotion: { rule, margin: Math.abs(policy.bar) },
    gating: { ...gating, hard: policy.hard, flips_max: policy.flipsMax ?? null },
    objectives,
    looks: policy.looks,
  };
}

/**
 * Reads a policy. What is null or left out takes its default. Without `kind` it is classic, as in X002-9, unless it has `promotion` or `looks`.
 *
 * @param origin - Where it comes from, for messages.
 * @throws {GuardError} `POLICY_INVALID` with everything that is wrong.
 */
export function fromTables(value: unknown, origin: string): Policy {
  if (!isTable(value)) throw invalid(origin, [`a policy is ${shown(value)}; expected tables`]);
  const kind = kindOf(value);
  const findings = [...missing(value), ...checkRoot(value, TABLES[kind])];
  if (findings.length > 0) throw invalid(origin, findings);
  return kind === 'classic' ? toClassic(value) : toEvidence(value);
}

/** An error with what is wrong, one a line where there is more than one thing. */
export function invalid(origin: string, findings: readonly string[], cause?: unknown): GuardError {
  const told = findings.slice(0, FINDINGS_MAX);
  const rest = findings.length - told.length;
  const lines = rest > 0 ? [...told, `and ${rest} more`] : told;
  const text = lines.length === 1 ? ` ${lines.join('')}` : lines.map((line) => `\n  ${line}`).join('');
  return new GuardError('POLICY_INVALID', `${origin}:${text}`, cause === undefined ? undefined : { cause });
}

/** What is said of a name that is not known: the nearest that is, and all of them. */
export function unknownName(what: string, given: string, known: readonly string[]): string {
  const cut = given.slice(0, SHOWN_MAX);
  return `${what} ${JSON.stringify(cut)} is not known; did you mean "${closest(cut, [...known])}"? known: ${known.join(', ')}`;
}

const SHOWN_MAX = 60;

function kindOf(root: Table): Policy['kind'] {
  const { kind } = root;
  if (kind === 'evidence' || kind === 'classic') return kind;
  return root['promotion'] === undefined && root['looks'] === undefined ? 'classic' : 'evidence';
}

function missing(root: Table): readonly string[] {
  const { name: given, looks: planned } = root;
  const lacksKind = isTable(planned) && !isGiven(planned['kind']);
  return [
    ...(isGiven(given) ? [] : [`name is missing; expected ${RULES.name.expected}`]),
    ...(lacksKind ? [`looks.kind is missing; expected ${LOOK_KIND.expected}`] : []),
  ];
}

function checkRoot(root: Table, tables: Tables): readonly string[] {
  const top = { path: '', rules: ROOT, known: [...Object.keys(ROOT), ...Object.keys(tables)] };
  return Object.entries(root).flatMap(([key, value]) => {
    const rules = ownOf(tables, key);
    if (rules === undefined) return checkKey(top, key, value);
    if (!isGiven(value)) return [];
    return isTable(value) ? checkTable(key, rulesFor(key, rules, value), value) : [wrong(key, value, 'a table')];
  });
}

/** Looks have only the fields of their kind. */
function rulesFor(table: string, rules: Rules, { kind }: Table): Rules {
  const fields = table === 'looks' ? ownOf(LOOK_FIELDS, String(kind)) : undefined;
  if (fields === undefined) return rules;
  const has = ([key]: readonly [string, Rule]): boolean => key === 'kind' || fields.some((field) => field === key);
  return Object.fromEntries(Object.entries(rules).filter(has));
}

function checkTable(table: string, rules: Rules, value: Table): readonly string[] {
  const scope = { path: `${table}.`, rules, known: Object.keys(rules) };
  return Object.entries(value).flatMap(([key, one]) => checkKey(scope, key, one));
}

type Scope = { readonly path: string; readonly rules: Rules; readonly known: readonly string[] };

function checkKey({ path, rules, known }: Scope, key: string, value: unknown): readonly string[] {
  const rule = ownOf(rules, key);
  if (rule === undefined)
    return [
      unknownName(
        'key',
        `${path}${key}`,
        known.map((one) => `${path}${one}`),
      ),
    ];
  return !isGiven(value) || rule.isRight(value) ? [] : [wrong(`${path}${key}`, value, rule.expected)];
}

function wrong(path: string, value: unknown, expected: string): string {
  return `${path} is ${shown(value)}; expected ${expected}`;
}

function toEvidence(root: Table): EvidencePolicy {
  const [promotion, gating] = [tableAt(root, 'promotion'), tableAt(root, 'gating')];
  const distance = numberAt(promotion, 'margin') ?? Math.abs(DEFAULT_POLICY.bar);
  return createPolicy({
    ...commonOf(root, EVIDENCE_DEFAULTS),
    kind: 'evidence',
    bar: promotion['rule'] === 'superiority' ? distance : 0 - distance,
    hard: gating['hard'] === 'count' ? 'count' : 'reject',
    flipsMax: numberAt(gating, 'flips_max'),
    minPassRate: numberAt(gating, 'min_pass_rate'),
    looks: looksOf(tableAt(root, 'looks')),
  });
}

function toClassic(root: Table): ClassicPolicy {
  const gating = tableAt(root, 'gating');
  return createPolicy({
    ...commonOf(root, CLASSIC_DEFAULTS),
    kind: 'classic',
    minDelta: numberAt(gating, 'min_delta') ?? CLASSIC_DEFAULTS.minDelta,
    minPassRate: numberAt(gating, 'min_pass_rate') ?? CLASSIC_DEFAULTS.minPassRate,
  });
}

type Common = Pick<Policy, 'name' | 'description' | 'alpha' | 'sandboxFailuresMax' | 'powerTarget' | 'violationCap'>;

function commonOf(root: Table, defaults: Omit<Common, 'name'>): Common & { readonly objectives: Objectives } {
  const gating = tableAt(root, 'gating');
  return {
    name: textAt(root, 'name'),
    description: textAt(root, 'description'),
    alpha: numberAt(gating, 'alpha') ?? defaults.alpha,
    sandboxFailuresMax: numberAt(gating, 'sandbox_failures_max') ?? defaults.sandboxFailuresMax,
    powerTarget: numberAt(gating, 'power_target') ?? defaults.powerTarget,
    violationCap: numberAt(gating, 'violation_cap') ?? defaults.violationCap,
    objectives: objectivesOf(tableAt(root, 'objectives')),
  };
}

function objectivesOf(table: Table): Objectives {
  const limits = OBJECTIVES.map((one) => [one.key, numberAt(table, one.name)] as const);
  return { ...NO_OBJECTIVES, ...Object.fromEntries(limits) };
}

/** Where nobody says how many looks: as the tables of the literature begin, and X002-7's. */
const DEFAULT_LOOKS = 5;
const DEFAULT_MIN = 50;
const DEFAULT_INTERVAL = 50;

function looksOf(table: Table): Looks {
  const { kind } = table;
  switch (kind) {
    case 'adaptive':
      return {
        kind,
        min: numberAt(table, 'min') ?? DEFAULT_MIN,
        interval: numberAt(table, 'interval') ?? DEFAULT_INTERVAL,
      };
    case 'pocock':
    case 'obrien_fleming':
    case 'lan_demets':
      return { kind, looks: numberAt(table, 'looks') ?? DEFAULT_LOOKS };
    default:
      return EVIDENCE_DEFAULTS.looks;
  }
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function tableAt(root: Table, key: string): Table {
  const value = root[key];
  return isTable(value) ? value : {};
}

function numberAt(table: Table, key: string): number | undefined {
  const value = table[key];
  // `+ 0`, so that no limit is −0, which no file would give back.
  return typeof value === 'number' ? value + 0 : undefined;
}

function textAt(table: Table, key: string): string {
  const value = table[key];
  return typeof value === 'string' ? value : '';
}

/** What stands in a table under a name that came from outside, which may be `constructor`. */
export function ownOf<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isTable(value)) return 'a table';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, SHOWN_MAX)) : String(value).slice(0, SHOWN_MAX);
}
