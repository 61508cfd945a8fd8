/**
 * The configuration of a run, with every default in it: the tables of `evolve.toml`, read before anything is spent.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { parsePolicy, type EvidencePolicy, type Policy } from '@bulkhead/guard';
import { readEvolveConfig, type EvolveConfig } from '../loop/evolve-config.ts';
import { DEFAULT_DESCRIPTORS } from '../search/archive/descriptors.ts';
import { MODEL_SETTINGS, type ModelArm } from '../search/models/choose-model.ts';
import type { CascadeStage } from '../judge/guard-evaluator.ts';
import { parseObjective, scoreOfSpeed, type Objective } from '../judge/objective.ts';
import {
  choiceSetting,
  flagSetting,
  numberSetting,
  readConfig,
  textSetting,
  unknownKey,
  valueError,
  wholeSetting,
  type ConfigOf,
} from '../search/config.ts';
import { CASSETTE_MODES, type CassetteMode } from '../mutation/stand-ins/cassette.ts';

/** What is evolved: a file beside the configuration, and the function that is called. */
const TARGET = { file: textSetting(), entry: textSetting('solve') } as const;
/** Who judges: FILE#EXPORT or a task's name, on so many cases, each within these bounds. */
const TASK = {
  use: textSetting(),
  cases: wholeSetting(40, 1, 100_000),
  objective: textSetting('pass_rate'),
  timeout_s: numberSetting(1, 0.01, 600),
  mem_mb: wholeSetting(128, 32, 65_536),
} as const;
const STAGE = { cases: wholeSetting(1, 1, 100_000), passes: wholeSetting(1, 0, 100_000) } as const;
/** Who proposes; `record` and `inner` are for a cassette that is recorded. */
const LLM = {
  backend: textSetting(),
  record: choiceSetting(CASSETTE_MODES),
  inner: textSetting(),
} as const;
/**
 * The winner against the first program, on so many fresh cases; `tries` winners at the most. `alone`: each run has a guest of its own, as it
 * has wherever speed is what counts.
 */
const PROMOTION = {
  enabled: flagSetting(true),
  cases: wholeSetting(100, 1, 100_000),
  policy: textSetting(),
  alpha: numberSetting(0.025, 1e-9, 0.5),
  tries: wholeSetting(3, 1, 100),
  alone: flagSetting(false),
} as const;
const CONTROL = { enabled: flagSetting(true) } as const;
const WALL_S = numberSetting(0, 0, 1e7);
const TARGET_MS = numberSetting(0, 0, 1e9);

const SEARCH = ['evolve', 'selector', 'archive', 'novelty', 'mutation', 'models'] as const;
const OWN = ['target', 'task', 'cascade', 'llm', 'promotion', 'control', 'plugins', 'grants', 'config'] as const;
const SUBJECT = { what: 'a run', code: 'EVOLVE_INVALID' } as const;
const LISTED_MAX = 64;

/**
 * A configuration. `search` has the tables of the search as they were given, `settings` the same with their defaults. `wall_s` is the
 * time that a run may take, in seconds; 0 is no bound. Paths are as they were written: beside the configuration.
 *
 * @public
 */
export type RunConfig = {
  readonly target: ConfigOf<typeof TARGET>;
  readonly task: Omit<ConfigOf<typeof TASK>, 'objective'> & { readonly objective: Objective };
  readonly cascade: readonly CascadeStage[] | undefined;
  readonly llm: {
    readonly backend: string;
    readonly record: CassetteMode;
    readonly inner: string;
    /** Of the host, as `[[llm.backends]]` has them. */
    readonly backends: readonly JsonObject[];
    readonly private_hosts: readonly string[];
  };
  /** Who is chosen from, where there is a table `[models]`: names of backends, or stand-ins as `backend` has them. */
  readonly models: readonly ModelArm[];
  readonly promotion: Omit<ConfigOf<typeof PROMOTION>, 'policy'> & { readonly policy: Policy; readonly bar: number };
  readonly control: ConfigOf<typeof CONTROL>;
  /** Folders of plugins that are asked, what they are granted, and how they are configured, by their names. */
  readonly plugins: readonly string[];
  readonly grants: Readonly<Record<string, readonly string[]>>;
  readonly config: Readonly<Record<string, JsonObject>>;
  readonly wall_s: number;
  readonly search: JsonObject;
  readonly settings: EvolveConfig;
};

/**
 * Reads it.
 *
 * @throws {EvolveError} `EVOLVE_INVALID`, `SELECTOR_INVALID` or `ARCHIVE_INVALID` with the table, the key, the value and what was expected.
 * @throws {GuardError} `POLICY_INVALID` for the policy.
 * @public
 */
export function readRunConfig(config: JsonObject): RunConfig {
  for (const key of Object.keys(config))
    if (![...SEARCH, ...OWN].some((name) => name === key)) throw unknownKey(key, [...OWN, ...SEARCH], SUBJECT);
  const target = readConfig(config['target'], TARGET, subjectOf('target'));
  insistOnText(target.file, 'file', 'target');
  const { objective: written, ...task } = readConfig(config['task'], TASK, subjectOf('task'));
  insistOnText(task.use, 'use', 'task');
  const objective = parseObjective(written);
  const { search, wall_s } = searchOf(config, objective);
  const llm = llmOf(config['llm']);
  return {
    ...{ target, task: { ...task, objective }, cascade: cascadeOf(config['cascade']), llm },
    models: modelsOf(config['models'], llm),
    promotion: promotionOf(config['promotion'], objective),
    control: readConfig(config['control'], CONTROL, subjectOf('control')),
    plugins: textsOf(config['plugins'], 'plugins'),
    grants: grantsOf(config['grants']),
    config: configsOf(config['config']),
    ...{ wall_s, search: withDescriptors(search, objective), settings: readEvolveConfig(search) },
  };
}

/**
 * Two keys stand in `[evolve]` and are no part of the search: `wall_s`, since time changes when it ends, and never what it comes to until
 * then; and `target_ms`, which is the target by another name (X000-26). Neither are the names of `[models]`, which are given to it with
 * those who propose.
 */
function searchOf(config: JsonObject, objective: Objective): { readonly search: JsonObject; readonly wall_s: number } {
  const tables = Object.entries(config).filter(([key]) => SEARCH.some((name) => name === key));
  const search = Object.fromEntries(
    tables.map(([key, table]) => [key, key === 'models' ? withoutNames(table) : table]),
  );
  const { evolve } = config;
  if (!isJsonObject(evolve ?? null)) return { search, wall_s: 0 };
  const { wall_s: given, target_ms: targetMs, ...rest } = evolve as JsonObject; // Looked at above.
  const { wall_s } = readConfig(given === undefined ? {} : { wall_s: given }, { wall_s: WALL_S }, subjectOf('evolve'));
  const target = targetMs === undefined ? {} : { target: targetOf(targetMs, { rest, objective }) };
  return { search: { ...search, evolve: { ...rest, ...target } }, wall_s };
}

function targetOf(
  value: JsonValue,
  { rest, objective }: { readonly rest: JsonObject; readonly objective: Objective },
): number {
  const { target_ms } = readConfig({ target_ms: value }, { target_ms: TARGET_MS }, subjectOf('evolve'));
  const expected =
    objective.kind === 'speed' ? 'no target beside it' : 'objective = "speed" in [task]; `target` is a score';
  if (objective.kind === 'speed' && rest['target'] === undefined) return scoreOfSpeed(target_ms);
  throw valueError('target_ms', { value, expected }, subjectOf('evolve'));
}

/** What differs from run to run. */
const MEASURED = ['speed_ms', 'memory_kb'];

/**
 * The archive's descriptors, where none are given: those of X000-24. Where speed does not count none is a time or memory, so that a seed
 * comes to the same lineage on every machine.
 */
function withDescriptors(search: JsonObject, { kind }: Objective): JsonObject {
  const archive = isJsonObject(search['archive'] ?? null) ? (search['archive'] as JsonObject) : {}; // Looked at here.
  if (archive['descriptors'] !== undefined) return search;
  const descriptors = DEFAULT_DESCRIPTORS.filter(({ name }) => kind === 'speed' || !MEASURED.includes(name));
  return { ...search, archive: { ...archive, descriptors } };
}

function withoutNames(table: JsonValue): JsonValue {
  if (!isJsonObject(table)) return table; // Said by whoever reads it.
  return Object.fromEntries(Object.entries(table).filter(([key]) => key !== 'names'));
}

/** Those that are named, or else each backend with a weight above 0; a stand-in has the weight 1. */
function modelsOf(value: JsonValue | undefined, { backend, backends }: RunConfig['llm']): readonly ModelArm[] {
  if (value === undefined || !isJsonObject(value)) return []; // Said by whoever reads it.
  const keys = [...Object.keys(MODEL_SETTINGS), 'names'];
  for (const key of Object.keys(value)) if (!keys.includes(key)) throw unknownKey(key, keys, subjectOf('models'));
  const known = backends.map(({ name, weight }) => ({
    name: typeof name === 'string' ? name : '',
    weight: weightOf(weight),
  }));
  const named = textsOf(value['names'], 'names');
  const found = named.map((name) => known.find((each) => each.name === name) ?? { name, weight: 1 });
  const models = named.length > 0 ? found : known.filter(({ weight }) => weight > 0);
  const expected = 'names of [[llm.backends]], or stand-ins such as grammar';
  if (models.length === 0) throw valueError('names', { value: [], expected }, subjectOf('models'));
  if (backend !== '')
    throw valueError(
      'backend',
      { value: backend, expected: 'none beside [models], whose names say it' },
      subjectOf('llm'),
    );
  return models;
}

/** What is no name, and no weight, is refused where `[[llm.backends]]` are read. */
function weightOf(value: JsonValue | undefined): number {
  return typeof value === 'number' && value >= 0 ? value : 1;
}

function grantsOf(value: JsonValue | undefined): RunConfig['grants'] {
  return Object.fromEntries(
    Object.entries(tableOf(value, 'grants')).map(([name, list]) => [name, textsOf(list, name)]),
  );
}

function configsOf(value: JsonValue | undefined): RunConfig['config'] {
  return Object.fromEntries(Object.entries(tableOf(value, 'config')).map(([name, one]) => [name, tableOf(one, name)]));
}

function tableOf(value: JsonValue | undefined, key: string): JsonObject {
  if (value === undefined) return {};
  if (isJsonObject(value)) return value;
  throw valueError(key, { value, expected: 'a table' }, SUBJECT);
}

function cascadeOf(value: JsonValue | undefined): RunConfig['cascade'] {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > LISTED_MAX)
    throw valueError('cascade', { value, expected: `at most ${LISTED_MAX} tables [[cascade]]` }, SUBJECT);
  return value.map((stage: JsonValue) => readConfig(stage, STAGE, { ...SUBJECT, what: '[[cascade]]' }));
}

function llmOf(value: JsonValue | undefined): RunConfig['llm'] {
  const { backends = [], private_hosts, ...rest } = isJsonObject(value ?? null) ? (value as JsonObject) : {}; // Looked at here.
  const read = readConfig(isJsonObject(value ?? null) ? rest : value, LLM, subjectOf('llm'));
  if (!Array.isArray(backends) || backends.length > LISTED_MAX || !backends.every((each) => isJsonObject(each)))
    throw valueError('backends', { value: backends, expected: 'tables [[llm.backends]]' }, subjectOf('llm'));
  return { ...read, backends, private_hosts: textsOf(private_hosts, 'private_hosts') };
}

function promotionOf(value: JsonValue | undefined, objective: Objective): RunConfig['promotion'] {
  const { policy: written, ...read } = readConfig(value, PROMOTION, subjectOf('promotion'));
  const policy = parsePolicy(written === '' ? defaultPolicy(objective) : written);
  insistOnEvidence(policy, written);
  // What is beyond pass rates is a gain by itself, however small.
  return { ...read, policy, bar: objective.kind === 'pass_rate' ? policy.bar : 0 };
}

/** More passes are a gain; where the gain is in something else, passes must not become fewer. */
function defaultPolicy({ kind }: Objective): string {
  return kind === 'pass_rate' ? 'superiority:margin=0' : 'noninferiority';
}

/** Only evidence that may be looked at whenever one likes can be summed over several promotions (EVIDENCE 2.10). */
function insistOnEvidence(policy: Policy, written: string): asserts policy is EvidencePolicy {
  const isLookedAtAnyTime =
    policy.kind === 'evidence' && (policy.looks.kind === 'every_pair' || policy.looks.kind === 'adaptive');
  if (isLookedAtAnyTime) return;
  const expected = 'noninferiority or superiority without planned looks';
  throw valueError('policy', { value: written, expected }, subjectOf('promotion'));
}

function textsOf(value: JsonValue | undefined, key: string): readonly string[] {
  if (value === undefined) return [];
  const texts = Array.isArray(value) ? value.filter((each) => typeof each === 'string' && each !== '') : [];
  if (Array.isArray(value) && texts.length === value.length && texts.length <= LISTED_MAX) return texts.map(String);
  throw valueError(key, { value, expected: `a list of at most ${LISTED_MAX} texts` }, SUBJECT);
}

function insistOnText(value: string, key: string, table: string): void {
  if (value !== '') return;
  const expected = key === 'file' ? 'the file that is evolved' : 'FILE#EXPORT, or the name of a task of guard';
  throw valueError(key, { value, expected }, subjectOf(table));
}

function subjectOf(table: string): { readonly what: string; readonly code: 'EVOLVE_INVALID' } {
  return { what: `[${table}]`, code: 'EVOLVE_INVALID' };
}
