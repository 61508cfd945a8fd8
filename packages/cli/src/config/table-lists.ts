/**
 * Keys that take a list of tables, such as `[[hooks.rules]]`: what each table takes, field by field. In the environment they are
 * JSON.
 */
import type { BackendRule, HookRule } from '@bulkhead/host';
import { FAILURE_POLICIES, LIMITS, isJsonObject, parsePluginName } from '@bulkhead/protocol';
import { UsageError } from '../usage-error.ts';
import type { ConfigKey } from './keys.ts';

/** What a field takes: whether a value is one, in words for whoever wrote another. */
type Field = { readonly isTaken: (value: unknown) => boolean; readonly words: string; readonly isNeeded?: boolean };

type Fields = Readonly<Record<string, Field>>;

/** A rule of the table `hooks.rules`, in its own spelling. */
export type HookRuleTable = {
  readonly plugin: string;
  readonly priority?: number;
  readonly failure?: HookRule['failure'];
  readonly timeout_ms?: number;
};

const HOOK_RULE: Fields = {
  plugin: { isTaken: (value) => parsePluginName(value) !== undefined, words: '"NAME"', isNeeded: true },
  priority: { isTaken: (value) => isWhole(value, -1_000, 1_000), words: 'N' },
  failure: {
    isTaken: (value) => FAILURE_POLICIES.some((policy) => policy === value),
    words: '"fail_open" or "fail_closed"',
  },
  timeout_ms: { isTaken: (value) => isWhole(value, 1, LIMITS.hook_timeout_ms.value), words: 'MS' },
};

/** The key `hooks.rules`. */
export const HOOK_RULES: ConfigKey<readonly HookRuleTable[]> = tables(HOOK_RULE, {
  fallback: [],
  about:
    'How hooks of a plugin are asked, whatever its manifest says: priority, what a failure does, time for an answer.',
});

/** Rules as the host takes them; of two for one plugin the later one counts. */
export function hookRulesOf(rules: readonly HookRuleTable[]): Readonly<Record<string, HookRule>> {
  return Object.fromEntries(
    rules.map(({ plugin, priority, failure, timeout_ms: timeoutMs }): [string, HookRule] => [
      plugin,
      {
        ...(priority !== undefined && { priority }),
        ...(failure !== undefined && { failure }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      },
    ]),
  );
}

/** A backend of the table `llm.backends` (X000-25), in its own spelling. */
export type BackendTable = {
  readonly name: string;
  readonly plugin?: string;
  readonly model?: string;
  readonly api_key_env?: string;
  readonly timeout_ms?: number;
  readonly weight?: number;
  readonly usd_per_million_tokens?: { readonly input: number; readonly output: number };
};

const BACKEND: Fields = {
  name: { isTaken: (value) => isText(value, 64), words: '"NAME"', isNeeded: true },
  plugin: { isTaken: (value) => parsePluginName(value) !== undefined, words: '"NAME"' },
  model: { isTaken: (value) => isText(value, 256), words: '"MODEL"' },
  api_key_env: {
    isTaken: (value) => typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value),
    words: '"VARIABLE"',
  },
  timeout_ms: { isTaken: (value) => isWhole(value, 1, LIMITS.llm_timeout_ms.value), words: 'MS' },
  weight: { isTaken: isAmount, words: 'N' },
  usd_per_million_tokens: { isTaken: isPrice, words: '{ input = USD, output = USD }' },
};

/** The key `llm.backends`. */
export const BACKENDS: ConfigKey<readonly BackendTable[]> = {
  ...tables<BackendTable>(BACKEND, {
    fallback: [],
    about:
      'Backends of language models that take part, with their shares; without any, each that a tenant has enabled does.',
  }),
  hidesValue: true,
};

/** Backends as the host takes them. @throws {UsageError} where a variable that holds a key is not set. */
export function backendRulesOf(
  given: readonly BackendTable[],
  env: Readonly<Record<string, string | undefined>>,
): readonly BackendRule[] {
  return given.map(
    ({ name, plugin, model, weight, api_key_env: variable, timeout_ms: timeoutMs, usd_per_million_tokens: price }) => ({
      name,
      ...(plugin !== undefined && { plugin }),
      ...(model !== undefined && { model }),
      ...(weight !== undefined && { weight }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(price !== undefined && { usdPerMillionTokens: price }),
      ...(variable !== undefined && { apiKey: { name: variable, value: valueOf(variable, name, env) } }),
    }),
  );
}

function valueOf(variable: string, backend: string, env: Readonly<Record<string, string | undefined>>): string {
  const value = env[variable];
  if (value !== undefined && value !== '') return value;
  throw new UsageError(
    `the key of backend "${backend}" is to be in ${variable}, which is not set`,
    `Set ${variable}, or leave out api_key_env and let tenants set the secret of the plugin.`,
  );
}

function tables<Table>(
  fields: Fields,
  about: Pick<ConfigKey<readonly Table[]>, 'fallback' | 'about'>,
): ConfigKey<readonly Table[]> {
  const words = Object.entries(fields).map(
    ([name, { words: taken, isNeeded }]) => `${name}${isNeeded === true ? '' : '?'} = ${taken}`,
  );
  return {
    ...about,
    expected: `a list of { ${words.join(', ')} }`,
    // Each field has been judged by its own rule.
    parse: (value) =>
      Array.isArray(value) && value.every((one) => fits(fields, one)) ? (value as readonly Table[]) : undefined,
    fromText: fromJson,
  };
}

/** Text that is no JSON is refused as the text that it is. */
export function fromJson(given: string): unknown {
  try {
    return JSON.parse(given) as unknown;
  } catch {
    return given;
  }
}

function fits(fields: Fields, value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const hasAll = Object.entries(fields).every(([name, { isNeeded }]) => isNeeded !== true || value[name] !== undefined);
  return (
    hasAll &&
    Object.entries(value).every(([name, one]) => Object.hasOwn(fields, name) && fields[name]?.isTaken(one) === true)
  );
}

function isText(value: unknown, charactersMax: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= charactersMax;
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isPrice(value: unknown): boolean {
  return (
    isJsonObject(value) &&
    Object.keys(value).toSorted().join() === 'input,output' &&
    Object.values(value).every(isAmount)
  );
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}
