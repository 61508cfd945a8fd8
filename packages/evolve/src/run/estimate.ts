/**
 * What a run may take at the worst, before anything is spent, and where its budget is too small for it (gepa#375).
 */
import { RESAMPLES_MAX } from '../mutation/mutate-with.ts';
import { INSPIRATION_LENGTH_MAX } from '../mutation/prompt.ts';
import type { RunConfig } from './run-config.ts';

/**
 * The worst case. Tokens take programs of up to twice the first one's length; dollars are null where nobody says what a token costs.
 *
 * @public
 */
export type Estimate = {
  readonly proposals: number;
  readonly tokens: number;
  readonly usd: number | null;
  readonly executions: number;
  readonly warnings: readonly string[];
};

/** What the estimate is of; the price is of a million tokens. */
export type EstimateOf = {
  readonly config: RunConfig;
  readonly startLength: number;
  readonly relations: number;
  readonly price?: { readonly input: number; readonly output: number } | undefined;
};

const CHARACTERS_PER_TOKEN = 4;
/** The instructions of a prompt. */
const PROMPT_CHARACTERS = 1_200;
const GROWTH = 2;
/** Of the novelty filter, where the table says nothing. */
const RESAMPLES = 3;

/** Estimates. */
export function estimateRun({ config, startLength, relations, price }: EstimateOf): Estimate {
  const { settings, task, promotion, control } = config;
  const runs = control.enabled ? 2 : 1;
  const each = tokensOf(config, startLength);
  const perEvaluation = (Number(settings.novelty['resamples_max'] ?? RESAMPLES) + 1) * (RESAMPLES_MAX + 1);
  const proposals = runs * settings.evaluations * perEvaluation;
  const measured = runs * (settings.evaluations + 1) * task.cases;
  const compared = promotion.enabled ? 2 * promotion.tries * promotion.cases : 0;
  const usdEach = price && (each.input * price.input + each.output * price.output) / 1_000_000;
  return {
    proposals,
    tokens: proposals * (each.input + each.output),
    usd: usdEach === undefined ? null : proposals * usdEach,
    executions: (measured + compared) * (1 + relations),
    warnings: [
      ...shortOf('tokens_max', settings.tokens_max, { one: each.input + each.output, perEvaluation, settings }),
      ...(usdEach === undefined ? [] : shortOf('usd_max', settings.usd_max, { one: usdEach, perEvaluation, settings })),
      ...(settings.evaluations < settings.window
        ? [`evaluations ${settings.evaluations} is below the window ${settings.window}: nothing is learned from any`]
        : []),
    ],
  };
}

function tokensOf({ settings }: RunConfig, startLength: number): { readonly input: number; readonly output: number } {
  const length = GROWTH * startLength;
  const shown = settings.inspirations * Math.min(length, INSPIRATION_LENGTH_MAX);
  const input = Math.ceil((PROMPT_CHARACTERS + length + shown) / CHARACTERS_PER_TOKEN);
  return { input, output: settings.mutation.max_tokens };
}

type Need = {
  readonly one: number;
  readonly perEvaluation: number;
  readonly settings: RunConfig['settings'];
};

function shortOf(key: string, budget: number, { one, perEvaluation, settings }: Need): readonly string[] {
  const worst = one * perEvaluation * settings.evaluations;
  if (budget === 0 || worst <= budget) return [];
  const [least, most] = [budget / (one * perEvaluation), budget / one].map((share) =>
    Math.min(settings.evaluations, Math.floor(share)),
  );
  return [
    `${key} is ${budget}, and ${settings.evaluations} evaluations may take ${Number(worst.toPrecision(3))}: it may end after ${least} to ${most} of them`,
  ];
}
