/**
 * Reads how a policy is asked for on a command line: a preset, and after a colon its options: `noninferiority:margin=0.01,flips_max=3`.
 */
import { LOOK_FIELDS, type Rule } from '../decision/policy-rules.ts';
import { CLASSIC_DEFAULTS, DEFAULT_POLICY, type Policy } from '../decision/policy.ts';
import { fromTables, invalid, ownOf, TABLES, unknownName } from './policy-tables.ts';

type Table = Readonly<Record<string, unknown>>;

/** A preset, as the tables that a file would have. `leads` stands in its name even where nobody says it. */
type Preset = {
  readonly kind: Policy['kind'];
  readonly tables: Readonly<Record<string, Table>>;
  readonly leads?: string;
};

const MARGIN = Math.abs(DEFAULT_POLICY.bar);
/** The source system's `v1` has the numbers of a classic policy that says none (X002-5, X002-9). */
const V1 = { min_delta: CLASSIC_DEFAULTS.minDelta, min_pass_rate: CLASSIC_DEFAULTS.minPassRate };
const STRICT = { min_delta: 0.05, min_pass_rate: 0.9, alpha: 0.02, power_target: 0.9, violation_cap: 10 };

const PRESETS: Readonly<Record<string, Preset>> = {
  noninferiority: {
    kind: 'evidence',
    leads: 'margin',
    tables: { promotion: { rule: 'noninferiority', margin: MARGIN } },
  },
  superiority: { kind: 'evidence', leads: 'margin', tables: { promotion: { rule: 'superiority', margin: MARGIN } } },
  classic: { kind: 'classic', tables: {} },
  v1: { kind: 'classic', tables: { gating: V1 } },
  strict: { kind: 'classic', tables: { gating: STRICT } },
};

/**
 * Names of the presets, as {@link parsePolicy} takes them.
 *
 * @public
 */
export const POLICY_PRESETS: readonly string[] = Object.keys(PRESETS);

/** A preset with every option there is has half as many. */
const SPEC_CHARACTERS_MAX = 450;

/**
 * Makes the policy of a specification: a preset in any case, and after a colon `name=value` with commas between. Options are the keys of
 * `[promotion]`, `[gating]` and `[objectives]` of a file, and `looks`: `looks=pocock:5`, `looks=adaptive:50:50`.
 *
 * @param spec - At most 450 characters.
 * @throws {GuardError} `POLICY_INVALID` where a preset or an option is not known (the message has the nearest and lists what there is), an
 *   option stands twice, or a value is out of its range; all that is wrong with options at once.
 * @see X002-9.
 * @public
 */
export function parsePolicy(spec: string): Policy {
  if (spec.length > SPEC_CHARACTERS_MAX) {
    throw invalid('policy', [`it has ${spec.length} characters; expected at most ${SPEC_CHARACTERS_MAX}, or a file`]);
  }
  const [given = '', ...rest] = spec.split(':');
  const word = given.trim().toLowerCase();
  const preset = ownOf(PRESETS, word);
  if (preset === undefined) throw invalid('policy', [unknownName('preset', given, POLICY_PRESETS)]);
  const origin = `policy ${JSON.stringify(spec)}`;
  const options = parseOptions(rest.join(':'), preset, origin);
  return fromTables({ kind: preset.kind, name: nameOf(word, preset, options), ...merged(preset, options) }, origin);
}

/** An option as it was read: the table it belongs to, and the text of its value. */
type Option = { readonly key: string; readonly table: string; readonly text: string };

function parseOptions(text: string, { kind }: Preset, origin: string): readonly Option[] {
  const places = placesOf(kind);
  const findings: string[] = [];
  const options = new Map<string, Option>();
  for (const part of text.trim() === '' ? [] : text.split(',')) {
    const [key, value] = splitAt(part);
    const table = places.get(key);
    if (value === undefined) findings.push(`option ${JSON.stringify(part)} has no value; expected name=value`);
    else if (table === undefined) findings.push(unknownName('option', key, [...places.keys()]));
    else if (options.has(key)) findings.push(`option ${key} stands there twice; expected it once`);
    else options.set(key, { key, table, text: value });
  }
  if (findings.length > 0) throw invalid(origin, findings);
  return [...options.values()];
}

function splitAt(part: string): readonly [key: string, value: string | undefined] {
  const at = part.indexOf('=');
  return at < 0 ? [part.trim(), undefined] : [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
}

/** The table of each option. What a preset stands for, such as its rule, is no option. */
function placesOf(kind: Policy['kind']): ReadonlyMap<string, string> {
  const tables: readonly (readonly [string, Readonly<Record<string, Rule>>])[] = Object.entries(TABLES[kind]);
  const keys = tables.flatMap(([table, rules]) =>
    table === 'looks' ? [['looks', 'looks'] as const] : Object.keys(rules).map((key) => [key, table] as const),
  );
  return new Map(keys.filter(([key]) => key !== 'rule'));
}

function merged({ tables }: Preset, options: readonly Option[]): Readonly<Record<string, Table>> {
  const all: Record<string, Table> = { ...tables };
  for (const { key, table, text } of options) {
    all[table] = table === 'looks' ? looksOf(text) : { ...all[table], [key]: valueOf(text) };
  }
  return all;
}

/** `kind`, and the fields of that kind in their order, with colons between. */
function looksOf(text: string): Table {
  const [kind = '', ...values] = text.split(':');
  const fields: readonly string[] = ownOf(LOOK_FIELDS, kind) ?? [];
  const given = values.map((value, index) => [fields[index] ?? `field ${index + 1}`, valueOf(value)] as const);
  return { kind, ...Object.fromEntries(given) };
}

function valueOf(text: string): number | string {
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

/** As the presets of X002-9 are written, so that the same policy has the same name however it was asked for. */
function nameOf(word: string, { leads }: Preset, options: readonly Option[]): string {
  const rest = options.filter(({ key }) => key !== leads).map(({ key, text }) => `${key}=${valueOf(text)}`);
  const lead = options.find(({ key }) => key === leads);
  const value = lead === undefined ? MARGIN : valueOf(lead.text);
  const all = leads === undefined ? rest : [`${leads}=${value}`, ...rest];
  return all.length === 0 ? word : `${word}:${all.join(',')}`;
}
