/**
 * What is wrong with a task as its author wrote it. It may be plain JavaScript, so that nothing is taken for granted.
 */
import { Arbitrary } from 'fast-check';
import { RESULT_PROPERTY } from './task.ts';

/** Characters of a name, which stands in reports and reasons. */
const NAME_MAX = 100;

type Fields = Readonly<Record<string, unknown>>;
/** What a field must be, and the words for it. A field that is not there is right. */
type Rule = { readonly isRight: (value: unknown) => boolean; readonly expected: string };

const FUNCTION: Rule = { isRight: (value) => typeof value === 'function', expected: 'a function' };
const TEXT: Rule = { isRight: (value) => typeof value === 'string', expected: 'a text' };
const FLAG: Rule = { isRight: (value) => typeof value === 'boolean', expected: 'true or false' };
const NUMBER: Rule = { isRight: (value) => Number.isFinite(value), expected: 'a finite number' };
const COUNT: Rule = {
  isRight: (value) => Number.isSafeInteger(value) && Number(value) > 0,
  expected: 'a whole number from 1 up',
};
const LEVEL: Rule = {
  isRight: (value) => Number(value) > 0 && Number(value) < 1,
  expected: 'a number between 0 and 1',
};
const SHARE: Rule = {
  isRight: (value) => Number(value) >= 0 && Number(value) <= 1,
  expected: 'a number from 0 to 1',
};
const RATE: Rule = {
  isRight: (value) => Number(value) > 0 && Number(value) <= 1,
  expected: 'a number above 0, up to 1',
};
const NAME: Rule = {
  isRight: (value) => typeof value === 'string' && value.trim() !== '' && value.length <= NAME_MAX,
  expected: `a text of 1 to ${NAME_MAX} characters`,
};
const LIST: Rule = { isRight: (value) => Array.isArray(value), expected: 'a list' };
const ARBITRARIES: Rule = {
  isRight: (value) => isArbitrary(value) || (Array.isArray(value) && value.every((one) => isArbitrary(one))),
  expected: 'an arbitrary of fast-check, or a list of one for each argument',
};
const FORMAT: Rule = {
  isRight: (value) =>
    isFields(value) && fieldFaults(value, { args: FUNCTION, result: FUNCTION }, 'format').length === 0,
  expected: 'an object of the functions "args" and "result"',
};

const TASK: Readonly<Record<string, Rule>> = {
  name: NAME,
  generate: FUNCTION,
  arbitraries: ARBITRARIES,
  properties: LIST,
  relations: LIST,
  equivalence: FUNCTION,
  isResult: FUNCTION,
  metrics: LIST,
  clusterKey: FUNCTION,
  group: FUNCTION,
  format: FORMAT,
};
const PROPERTY: Readonly<Record<string, Rule>> = {
  name: NAME,
  description: TEXT,
  mode: oneOf('hard', 'soft'),
  pre: FUNCTION,
  check: FUNCTION,
};
const RELATION: Readonly<Record<string, Rule>> = {
  name: NAME,
  category: TEXT,
  description: TEXT,
  priority: SHARE,
  readsResult: FLAG,
  transform: FUNCTION,
  expect: oneOf('equal', 'not_equal', 'properties_hold', 'custom'),
  relate: FUNCTION,
};
const METRIC: Readonly<Record<string, Rule>> = {
  name: NAME,
  kind: oneOf('mean', 'sum'),
  higherIsBetter: FLAG,
  ciMethod: oneOf('bootstrap'),
  bootstrapSamples: COUNT,
  alpha: LEVEL,
  seed: NUMBER,
  memoize: FLAG,
  memoizeKey: TEXT,
  sampleRate: RATE,
  extract: FUNCTION,
};

/** Every fault, in the order of the fields; empty where it is a task. */
export function taskFaults(spec: unknown): readonly string[] {
  if (!isFields(spec)) return [`the task is ${shown(spec)}; expected an object`];
  return [
    ...missingFaults(spec, ['name'], 'the task'),
    ...fieldFaults(spec, TASK, 'the task'),
    ...sourceFaults(spec),
    ...entryFaults(spec['properties'], 'property', (entry, place) => [
      ...missingFaults(entry, ['name', 'check'], place),
      ...fieldFaults(entry, PROPERTY, place),
      ...(entry['name'] === RESULT_PROPERTY ? [`${place} has the name that "isResult" is reported under`] : []),
    ]),
    ...entryFaults(spec['relations'], 'relation', (entry, place) => [
      ...missingFaults(entry, ['name', 'transform'], place),
      ...fieldFaults(entry, RELATION, place),
      ...ruleFaults(entry, place, spec),
    ]),
    ...entryFaults(spec['metrics'], 'metric', (entry, place) => [
      ...missingFaults(entry, ['name', 'extract'], place),
      ...fieldFaults(entry, METRIC, place),
    ]),
  ];
}

function sourceFaults(spec: Fields): readonly string[] {
  const given = ['generate', 'arbitraries'].filter((name) => spec[name] !== undefined);
  if (given.length === 1) return [];
  return [`the task has ${given.length === 0 ? 'neither' : 'both'} of "generate" and "arbitraries"; expected one`];
}

function entryFaults(
  list: unknown,
  kind: string,
  faultsOf: (entry: Fields, place: string) => readonly string[],
): readonly string[] {
  if (!Array.isArray(list)) return [];
  const entries: readonly unknown[] = list;
  return [
    ...entries.flatMap((entry, index) => {
      if (!isFields(entry)) return [`${kind} ${index} is ${shown(entry)}; expected an object`];
      return faultsOf(entry, placeOf(entry, kind, index));
    }),
    ...repeatedNames(entries).map((name) => `more than one ${kind} is named "${name}"; expected names to be unique`),
  ];
}

function placeOf(entry: Fields, kind: string, index: number): string {
  return NAME.isRight(entry['name']) ? `${kind} "${String(entry['name'])}"` : `${kind} ${index}`;
}

function repeatedNames(entries: readonly unknown[]): readonly string[] {
  const names = entries.map((entry) => (isFields(entry) ? entry['name'] : undefined));
  const repeated = names.filter((name, index) => typeof name === 'string' && names.indexOf(name) !== index);
  return [...new Set(repeated.map((name) => String(name)))];
}

function ruleFaults(relation: Fields, place: string, spec: Fields): readonly string[] {
  const { expect, relate } = relation;
  const isCustom = expect === 'custom' || expect === undefined;
  if (isCustom && relate === undefined) return [`${place} has neither "expect" nor "relate"; expected one`];
  if (!isCustom && relate !== undefined) return [`${place} has "relate" and expects ${shown(expect)}; expected one`];
  if (expect === 'properties_hold' && !hasHardProperty(spec)) {
    return [`${place} expects properties to hold, and the task has no hard one`];
  }
  return [];
}

function hasHardProperty(spec: Fields): boolean {
  const { properties } = spec;
  return Array.isArray(properties) && properties.some((one: unknown) => isFields(one) && one['mode'] !== 'soft');
}

function missingFaults(fields: Fields, names: readonly string[], place: string): readonly string[] {
  return names.filter((name) => fields[name] === undefined).map((name) => `${place} has no "${name}"`);
}

function fieldFaults(fields: Fields, rules: Readonly<Record<string, Rule>>, place: string): readonly string[] {
  const wrong = Object.entries(rules).filter(
    ([name, rule]) => fields[name] !== undefined && !rule.isRight(fields[name]),
  );
  return [
    ...wrong.map(([name, rule]) => `"${name}" of ${place} is ${shown(fields[name])}; expected ${rule.expected}`),
    ...unknownFields(fields, rules).map(
      (name) => `${place} has an unknown field "${name}"; known: ${Object.keys(rules).join(', ')}`,
    ),
  ];
}

/** A misspelt field is one; an object of a class may have fields of its own. */
function unknownFields(fields: Fields, rules: Readonly<Record<string, Rule>>): readonly string[] {
  if (Object.getPrototypeOf(fields) !== Object.prototype) return [];
  return Object.keys(fields).filter((name) => !Object.hasOwn(rules, name));
}

function oneOf(...words: readonly string[]): Rule {
  return { isRight: (value) => words.some((word) => word === value), expected: words.join(' or ') };
}

function isArbitrary(value: unknown): boolean {
  return value instanceof Arbitrary || (isFields(value) && typeof value['generate'] === 'function');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, NAME_MAX));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
