/**
 * The backends that a tenant may ask, and which of them is asked (X000-25). A backend is an entry point of a plugin that the
 * tenant has enabled; the operator's rules say which take part and with what weight.
 */
import type { TokenUsage } from '@bulkhead/protocol';

/**
 * US dollars for a million tokens.
 *
 * @public
 */
export type TokenPrice = { readonly input: number; readonly output: number };

/**
 * What the operator says of a backend. Without any rule every backend takes part with weight 1; with rules those that have one
 * do, and any other is asked only where it is named.
 *
 * @public
 */
export type BackendRule = {
  readonly name: string;
  /** The plugin that offers it; else the one that offers an entry point of this name, or is named so, with or without `llm_` in front. */
  readonly plugin?: string;
  /** Its model; the plugin's own choice where it is left out. */
  readonly model?: string;
  /** Share of the requests, of the sum of all weights; 1 where it is left out, and 0 is asked only where it is named. */
  readonly weight?: number;
  /** For one attempt, in milliseconds; 30,000 where it is left out. */
  readonly timeoutMs?: number;
  /** Counts before what the provider says. */
  readonly usdPerMillionTokens?: TokenPrice;
  /**
   * Key of the provider, for tenants that have set none of their own: the value of the secret of this name that the plugin declares, or
   * of the only one.
   */
  readonly apiKey?: { readonly name: string; readonly value: string };
};

/**
 * A backend that can be asked.
 *
 * @experimental
 */
export type LlmBackend = {
  readonly name: string;
  readonly plugin: string;
  /** Its entry point in the plugin. */
  readonly entry: string;
  readonly model: string | undefined;
  readonly weight: number;
  readonly timeoutMs: number;
  readonly price: TokenPrice | undefined;
  /** What its plugin lacks for this tenant, such as `the secret "API_KEY"`; then it is asked only where it is named, and says so itself. */
  readonly lacks: string | undefined;
};

/** An entry point of the group `llm_backends`. A stand-in, for tests, takes part only by a rule. */
export type BackendEntry = {
  readonly plugin: string;
  readonly name: string;
  readonly lacks?: string | undefined;
  readonly isStandIn?: boolean;
};

/** Tag of plugins whose backends are stand-ins for tests: nobody is to be answered by one unasked. */
export const STAND_IN_TAG = 'llm.mock';

const TIMEOUT_MS = 30_000;

/** Lists a tenant's backends: those of rules first, in their order, then the others under the names of their entry points. */
export function backendsOf(entries: readonly BackendEntry[], rules: readonly BackendRule[]): readonly LlmBackend[] {
  const ruled = rules.flatMap((rule) => {
    const entry = entryOf(entries, rule);
    return entry === undefined ? [] : [ruledBackend(rule, entry)];
  });
  const weight = rules.length === 0 ? 1 : 0;
  const others = entries.flatMap((entry) => {
    const named = ruled.find(({ name }) => name === entry.name);
    // A rule of its own name says all of it.
    if (named?.plugin === entry.plugin && named.entry === entry.name) return [];
    const isAlone = named === undefined && entries.filter(({ name }) => name === entry.name).length === 1;
    const name = isAlone ? entry.name : `${entry.plugin}/${entry.name}`;
    return [plainBackend(entry, name, entry.isStandIn === true ? 0 : weight)];
  });
  return [...ruled, ...others];
}

/** Finds the backend that was named, by its name or as `plugin/entry`. */
export function findBackend(backends: readonly LlmBackend[], wanted: string): LlmBackend | undefined {
  return (
    backends.find(({ name }) => name === wanted) ??
    backends.find(({ plugin, entry }) => `${plugin}/${entry}` === wanted)
  );
}

/** Chooses one with the probability of its weight over the sum of all; undefined where no weight is above 0. */
export function chooseBackend(backends: readonly LlmBackend[], random: number): LlmBackend | undefined {
  const weighted = backends.filter(({ weight }) => weight > 0);
  let left = random * weighted.reduce((sum, { weight }) => sum + weight, 0);
  for (const backend of weighted) {
    left -= backend.weight;
    if (left < 0) return backend;
  }
  return weighted.at(-1);
}

/** What an answer cost, in US dollars; undefined where neither the operator nor the provider says. */
export function costOf({ price }: LlmBackend, usage: TokenUsage): number | undefined {
  if (price === undefined) return usage.cost_usd;
  return (usage.input_tokens * price.input + usage.output_tokens * price.output) / 1_000_000;
}

function entryOf(entries: readonly BackendEntry[], { name, plugin }: BackendRule): BackendEntry | undefined {
  if (plugin !== undefined) {
    const offered = entries.filter((entry) => entry.plugin === plugin);
    return offered.find((entry) => entry.name === name) ?? (offered.length === 1 ? offered[0] : undefined);
  }
  return (
    entries.find((entry) => entry.name === name) ??
    entries.find((entry) => entry.plugin === name || entry.plugin === `llm_${name}`)
  );
}

function ruledBackend(rule: BackendRule, { plugin, name: entry, lacks }: BackendEntry): LlmBackend {
  const { name, model, weight = 1, timeoutMs = TIMEOUT_MS, usdPerMillionTokens: price } = rule;
  return { name, plugin, entry, model, weight, timeoutMs, price, lacks };
}

function plainBackend({ plugin, name: entry, lacks }: BackendEntry, name: string, weight: number): LlmBackend {
  return { name, plugin, entry, model: undefined, weight, timeoutMs: TIMEOUT_MS, price: undefined, lacks };
}
