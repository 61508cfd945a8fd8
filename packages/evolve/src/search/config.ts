/**
 * Reads the configuration of a selector or an archive, as it stands in a table of a file: every key is known, and every value in its range.
 */
import { closest } from 'fastest-levenshtein';
import { EvolveError, type EvolveErrorCode } from '../evolve-error.ts';

/** A number, with what it is where nobody says, and its range (both ends belong to it). */
export type NumberSetting = {
  readonly kind: 'number';
  readonly initial: number;
  readonly least: number;
  readonly most: number;
  readonly isWhole?: true;
};

/** One of a few words. */
export type ChoiceSetting = { readonly kind: 'choice'; readonly initial: string; readonly choices: readonly string[] };

/** A number or a text that starts a random stream. */
export type SeedSetting = { readonly kind: 'seed'; readonly initial: number | string };

/** A text; an empty one is none. */
export type TextSetting = { readonly kind: 'text'; readonly initial: string };

/** Yes or no. */
export type FlagSetting = { readonly kind: 'flag'; readonly initial: boolean };

/** The keys of a table, each with what it may hold. */
export type Settings = Readonly<
  Record<string, NumberSetting | ChoiceSetting | SeedSetting | TextSetting | FlagSetting>
>;

/** A table as it was read: every key has a value. */
export type ConfigOf<Table extends Settings> = {
  readonly [Key in keyof Table]: Table[Key] extends NumberSetting
    ? number
    : Table[Key] extends { readonly choices: readonly (infer Choice)[] }
      ? Choice
      : Table[Key] extends TextSetting
        ? string
        : Table[Key] extends FlagSetting
          ? boolean
          : number | string;
};

/** What is read, as messages name it, and the code of what is wrong with it. */
export type ConfigSubject = { readonly what: string; readonly code: EvolveErrorCode };

/** A number from `least` to `most`. */
export function numberSetting(initial: number, least: number, most: number): NumberSetting {
  return { kind: 'number', initial, least, most };
}

/** A whole number from `least` to `most`. */
export function wholeSetting(initial: number, least: number, most: number): NumberSetting {
  return { kind: 'number', initial, least, most, isWhole: true };
}

/** A text. */
export function textSetting(initial = ''): TextSetting {
  return { kind: 'text', initial };
}

/** Yes or no. */
export function flagSetting(initial: boolean): FlagSetting {
  return { kind: 'flag', initial };
}

/** One of the words; the first is what it is where nobody says. */
export function choiceSetting<const Choice extends string>(
  choices: readonly [Choice, ...Choice[]],
): { readonly kind: 'choice'; readonly initial: Choice; readonly choices: readonly Choice[] } {
  return { kind: 'choice', initial: choices[0], choices };
}

/**
 * Reads a table.
 *
 * @throws {EvolveError} With the subject's code, where it is no table, a key is not known (the message has the nearest) or a value is
 *   out of its range.
 */
export function readConfig<Table extends Settings>(
  config: unknown,
  settings: Table,
  subject: ConfigSubject,
): ConfigOf<Table> {
  const table = tableOf(config, subject);
  const known = Object.keys(settings);
  for (const key of Object.keys(table)) if (!known.includes(key)) throw unknownKey(key, known, subject);
  const values = Object.entries(settings).map(([key, setting]) => {
    const value = table[key];
    return [key, value === undefined ? setting.initial : checked({ key, value, setting }, subject)];
  });
  // As the table: each value was checked against the setting of its key.
  return Object.fromEntries(values) as ConfigOf<Table>;
}

/** Says that a name is not known, what it may have been meant to be, and what there is. */
export function unknownKey(key: string, known: readonly string[], { what, code }: ConfigSubject): EvolveError {
  const nearest = closest(key.slice(0, 80), [...known]);
  return new EvolveError(
    code,
    `${what} has no ${JSON.stringify(key.slice(0, 80))}; did you mean ${nearest}? available: ${known.join(', ')}`,
  );
}

/** Says which key is wrong, its value, and what was expected. */
export function valueError(key: string, { value, expected }: Refused, { what, code }: ConfigSubject): EvolveError {
  return new EvolveError(code, `${key} of ${what} is ${shown(value)}; expected ${expected}`);
}

const TEXT_LENGTH_MAX = 4_096;

type Refused = { readonly value: unknown; readonly expected: string };

type Given = { readonly key: string; readonly value: unknown; readonly setting: Settings[string] };

function tableOf(config: unknown, subject: ConfigSubject): Readonly<Record<string, unknown>> {
  if (config === undefined) return {};
  // As the record: only that it has keys is used.
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as Record<string, unknown>;
  throw valueError('the configuration', { value: config, expected: 'a table of keys and values' }, subject);
}

function checked({ key, value, setting }: Given, subject: ConfigSubject): unknown {
  const expected = expectation(setting);
  if (fits(value, setting)) return value;
  throw valueError(key, { value, expected }, subject);
}

function fits(value: unknown, setting: Settings[string]): boolean {
  switch (setting.kind) {
    case 'number': {
      if (typeof value !== 'number' || !(value >= setting.least && value <= setting.most)) return false;
      return setting.isWhole !== true || Number.isInteger(value);
    }
    case 'choice':
      return typeof value === 'string' && setting.choices.includes(value);
    case 'seed':
      return typeof value === 'string' || Number.isFinite(value);
    case 'text':
      return typeof value === 'string' && value.length <= TEXT_LENGTH_MAX;
    case 'flag':
      return typeof value === 'boolean';
  }
}

function expectation(setting: Settings[string]): string {
  switch (setting.kind) {
    case 'number':
      return `a ${setting.isWhole === true ? 'whole ' : ''}number from ${setting.least} to ${setting.most}`;
    case 'choice':
      return setting.choices.join(' or ');
    case 'seed':
      return 'a finite number or a text';
    case 'text':
      return `a text of at most ${TEXT_LENGTH_MAX} characters`;
    case 'flag':
      return 'true or false';
  }
}

/** As JSON, but for the numbers that JSON has no word for. */
function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value)?.slice(0, 80) ?? String(value));
}
