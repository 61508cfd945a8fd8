/**
 * The configuration of a search, with every default in it. All that it says decides which programs a seed comes to, but `workers`.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import { numberSetting, readConfig, unknownKey, valueError, wholeSetting, type ConfigOf } from '../search/config.ts';
import { createArchive } from '../search/archive/create-archive.ts';
import { createNoveltyFilter } from '../search/novelty/novelty-filter.ts';
import { MODEL_SETTINGS, type ModelArm, type ModelsConfig } from '../search/models/choose-model.ts';
import { createSelector, DEFAULT_SELECTOR } from '../search/selectors/create-selector.ts';
import { isPluginSelector } from './parent-chooser.ts';

const SETTINGS = {
  /** Programs that are proposed at most. */
  evaluations: wholeSetting(100, 1, 1_000_000),
  seed: { kind: 'seed', initial: 0 },
  /** A program is proposed from what was known so many evaluations before it, so that so many can be worked on at once. */
  window: wholeSetting(4, 1, 1_024),
  /** How many are worked on at once; it changes how long a search takes and nothing else. */
  workers: wholeSetting(4, 1, 1_024),
  /** Programs that are shown beside the parent. */
  inspirations: wholeSetting(2, 0, 16),
  /** Ends where the best has this fitness. */
  target: numberSetting(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  /** Ends after so many evaluations without a better one; 0 is never. */
  no_improve: wholeSetting(0, 0, 1_000_000),
  /** Tokens and US dollars of proposals; 0 is no bound. No proposal is begun once they are used up. */
  tokens_max: wholeSetting(0, 0, 1e12),
  usd_max: numberSetting(0, 0, 1e9),
} as const;

/** How a change is asked for: shares of the forms, and how a model is sampled (X000-19). */
const MUTATION = {
  diff: numberSetting(0.6, 0, 1e6),
  full: numberSetting(0.3, 0, 1e6),
  cross: numberSetting(0.1, 0, 1e6),
  temperature: numberSetting(0.7, 0, 2),
  max_tokens: wholeSetting(4_096, 1, 1_000_000),
} as const;

const SUBJECT = { what: 'a search', code: 'EVOLVE_INVALID' } as const;
const MODELS_SUBJECT = { what: '[models]', code: 'EVOLVE_INVALID' } as const;
const MUTATION_SUBJECT = { what: 'the mutation of a search', code: 'EVOLVE_INVALID' } as const;
const TABLES = ['selector', 'archive', 'novelty', 'mutation', 'models'] as const;

/**
 * A configuration with every default in it. `selector` has one table, by its name; `PLUGIN/NAME` is a selector of a plugin.
 *
 * @public
 */
export type EvolveConfig = ConfigOf<typeof SETTINGS> & {
  readonly selector: { readonly name: string; readonly table: JsonObject };
  readonly archive: JsonObject;
  readonly novelty: JsonObject;
  readonly mutation: ConfigOf<typeof MUTATION>;
  /** How a model is chosen, where there are several. */
  readonly models: ModelsConfig;
};

/**
 * Reads a configuration: keys of `[evolve]`, and the tables `[selector.<name>]`, `[archive]`, `[novelty]`, `[mutation]` and `[models]`.
 *
 * @throws {EvolveError} `EVOLVE_INVALID`, `SELECTOR_INVALID` or `ARCHIVE_INVALID` with the key, the value and what was expected.
 * @public
 */
export function readEvolveConfig(config: JsonObject = {}): EvolveConfig {
  const { evolve, ...tables } = config;
  for (const key of Object.keys(tables))
    if (!TABLES.some((name) => name === key)) throw unknownKey(key, ['evolve', ...TABLES], SUBJECT);
  const selector = selectorOf(tables['selector']);
  const [archive, novelty] = [tableOf(tables['archive']), tableOf(tables['novelty'])];
  if (!isPluginSelector(selector.name)) createSelector(selector.name, selector.table); // What is wrong is said before anything is spent.
  createArchive(archive);
  createNoveltyFilter(novelty);
  const mutation = readConfig(tables['mutation'], MUTATION, MUTATION_SUBJECT);
  insistOnForm(mutation);
  const models = readConfig(tables['models'], MODEL_SETTINGS, MODELS_SUBJECT);
  return { ...readConfig(evolve, SETTINGS, SUBJECT), selector, archive, novelty, mutation, models };
}

/** What a search begins with beside its configuration. */
export type SearchBeginning = {
  readonly start: string;
  readonly isControl: boolean;
  readonly arms: readonly ModelArm[];
};

/** SHA-256 of all that decides which programs a search comes to. Without a list of models, how one is chosen decides nothing. */
export function configHash(
  { workers: _workers, models, ...config }: EvolveConfig,
  { start, isControl, arms }: SearchBeginning,
): string {
  // JSON has no infinity, which is what no target is.
  const target = Number.isFinite(config.target) ? config.target : String(config.target);
  const chosen =
    arms.length === 0 ? {} : { models: { ...models, arms: arms.map(({ name, weight }) => [name, weight]) } };
  return createHash('sha256')
    .update(canonicalJson({ ...config, target, start, isControl, ...chosen }))
    .digest('hex');
}

function insistOnForm(mutation: ConfigOf<typeof MUTATION>): void {
  if (mutation.diff + mutation.full + mutation.cross > 0) return;
  throw valueError('diff', { value: 0, expected: 'a share above 0 of diff, full or cross' }, MUTATION_SUBJECT);
}

function selectorOf(value: unknown): EvolveConfig['selector'] {
  const entries = Object.entries(tableOf(value));
  const [entry] = entries;
  if (entry === undefined) return { name: DEFAULT_SELECTOR, table: {} };
  const [name, table] = entry;
  if (entries.length > 1) {
    const names = entries.map(([each]) => `[selector.${each}]`).join(', ');
    throw new EvolveError('EVOLVE_INVALID', `there are ${entries.length} selectors: ${names}; expected one`);
  }
  return { name, table: tableOf(table) };
}

function tableOf(value: unknown): JsonObject {
  if (value === undefined) return {};
  return value as JsonObject; // Whoever reads the table says what is wrong with it.
}
