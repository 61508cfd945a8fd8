/**
 * What each field of a policy may be: asked here when a policy is made, and by the readers of files and options, which tell all that is
 * wrong at once.
 */
import { OBJECTIVES } from './objectives.ts';
import type { Looks, Policy } from './policy.ts';
import { inputError } from '../statistics/statistics-error.ts';

/** Whether a value is right, and what would be. */
export type Rule = { readonly isRight: (value: unknown) => boolean; readonly expected: string };

/** The name of a policy made from options has them all. */
const NAME_MAX = 500;
const DESCRIPTION_MAX = 2_000;
/** More violations than this in a report help nobody. */
const VIOLATIONS_MAX = 10_000;
/** The most looks that group-sequential bounds are computed for. */
const LOOKS_MAX = 100;
/** More cases, or flips, than any run has. */
const COUNT_MAX = 1_000_000_000;
/** Limits of objectives: nothing measured in milliseconds, dollars or shares is larger. */
const LIMIT_MAX = 1e9;

/**
 * Rules by the names of fields in files. An alpha of half or more is no error rate; below 1e-6 the bounds of planned looks are
 * not computed right.
 */
export const RULES = {
  name: text(1, NAME_MAX, /\p{Cc}/u),
  description: text(0, DESCRIPTION_MAX, /[^\P{Cc}\n\t]/u),
  margin: number('a number from 0 to below 1', (value) => value >= 0 && value < 1),
  min_delta: number('a number above -1 and below 1', (value) => value > -1 && value < 1),
  alpha: number('a number from 0.000001 to below 0.5', (value) => value >= 1e-6 && value < 0.5),
  min_pass_rate: share(),
  sandbox_failures_max: share(),
  power_target: number('a number above 0 and below 1', (value) => value > 0 && value < 1),
  violation_cap: whole(0, VIOLATIONS_MAX),
  flips_max: whole(0, COUNT_MAX),
  hard: oneOf('reject', 'count'),
  looks: whole(1, LOOKS_MAX),
  min: whole(1, COUNT_MAX),
  interval: whole(1, COUNT_MAX),
} as const satisfies Readonly<Record<string, Rule>>;

/** Rules of the limits of objectives, by their names. */
export const OBJECTIVE_RULES: Readonly<Record<string, Rule>> = Object.fromEntries(
  OBJECTIVES.map(({ name, isCount, limit }) => {
    if (isCount) return [name, whole(0, COUNT_MAX)];
    if (name === 'pass_rate') return [name, share()];
    const least = limit === 'least' || name.includes('_delta_') ? -LIMIT_MAX : 0;
    return [name, number(`a number from ${least} to ${LIMIT_MAX}`, (value) => value >= least && value <= LIMIT_MAX)];
  }),
);

/** Fields of each kind of looks, beside `kind`. */
export const LOOK_FIELDS: Readonly<Record<Looks['kind'], readonly ('looks' | 'min' | 'interval')[]>> = {
  every_pair: [],
  adaptive: ['min', 'interval'],
  pocock: ['looks'],
  obrien_fleming: ['looks'],
  lan_demets: ['looks'],
};

/**
 * Insists on every field.
 *
 * @throws {StatisticsError} `STATISTICS_INPUT` names the first that is wrong.
 */
export function assertPolicy(policy: Policy): void {
  for (const [name, value] of fieldsOf(policy)) {
    const rule: Rule | undefined = Object.hasOwn(OBJECTIVE_RULES, name) ? OBJECTIVE_RULES[name] : ruleOf(name);
    if (rule !== undefined && !rule.isRight(value)) throw inputError(name, value, rule.expected);
  }
}

type Field = readonly [name: string, value: unknown];

function fieldsOf(policy: Policy): readonly Field[] {
  const { name, description, alpha } = policy;
  return [
    ['name', name],
    ['description', description],
    ['alpha', alpha],
    ...(policy.kind === 'evidence' ? evidenceFields(policy) : classicFields(policy)),
    ['sandbox_failures_max', policy.sandboxFailuresMax],
    ['power_target', policy.powerTarget],
    ['violation_cap', policy.violationCap],
    ...OBJECTIVES.map((objective): Field => [objective.name, policy.objectives[objective.key]]).filter(isAsked),
  ];
}

function evidenceFields({ bar, hard, flipsMax, minPassRate, looks }: Policy & { kind: 'evidence' }): readonly Field[] {
  const asked: readonly Field[] = [
    ['flips_max', flipsMax],
    ['min_pass_rate', minPassRate],
  ];
  const ofLooks = Object.entries(looks).filter(([name]) => name !== 'kind');
  return [['margin', Math.abs(bar)], ['hard', hard], ...asked.filter(isAsked), ...ofLooks];
}

function classicFields({ minDelta, minPassRate }: Policy & { kind: 'classic' }): readonly Field[] {
  return [
    ['min_delta', minDelta],
    ['min_pass_rate', minPassRate],
  ];
}

function isAsked([, value]: Field): boolean {
  return value !== undefined;
}

function ruleOf(name: string): Rule | undefined {
  return Object.entries(RULES).find(([key]) => key === name)?.[1];
}

function number(expected: string, isRight: (value: number) => boolean): Rule {
  return { isRight: (value) => typeof value === 'number' && isRight(value), expected };
}

function share(): Rule {
  return number('a number from 0 to 1', (value) => value >= 0 && value <= 1);
}

function whole(least: number, most: number): Rule {
  return number(
    `a whole number from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && value >= least && value <= most,
  );
}

/** Text that a file of any format can hold: without the control characters that are named. */
function text(least: number, most: number, refused: RegExp): Rule {
  const isRight = (value: unknown): boolean =>
    typeof value === 'string' &&
    value.trim().length >= least &&
    value.length <= most &&
    value.isWellFormed() &&
    !refused.test(value);
  return { isRight, expected: `a text of ${least} to ${most} characters without control characters` };
}

/** One of these words. */
export function oneOf(...words: readonly string[]): Rule {
  return {
    isRight: (value) => words.some((word) => word === value),
    expected: words.map((word) => `"${word}"`).join(' or '),
  };
}
