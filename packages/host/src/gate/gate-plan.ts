/**
 * What is asked of a gated move, and what is kept of that with its evaluation: everything by which a node that takes it over goes on
 * in the same way. Pure.
 */
import { LIMITS, type JsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { GatePlan } from '../gate-api.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';

/**
 * How a candidate is judged; what is left out has a default. Times in milliseconds.
 *
 * @public
 */
export type GateOptions = {
  /** `noninferiority:margin=0.02` where it is left out. */
  readonly policy?: string;
  /** `same` (default): as the live release answers. `valid`: what the tool's schema takes, for a release that means to answer otherwise. */
  readonly answers?: 'same' | 'valid';
  /** How many are run at most, recorded ones first; 400 by default. */
  readonly cases?: number;
  /** Of the cases and their order; drawn where it is left out, and kept. */
  readonly seed?: number;
  readonly shadow?: ShadowOptions;
  /** How long moved tenants are watched: after the move of one tenant, and after each step of a rollout. */
  readonly wait_ms?: number;
};

/**
 * Which share of live calls is mirrored to the candidate, 0.1 by default and 0 for none, and for how long: until `calls` were (100 by
 * default), or `for_ms` have gone by (10 minutes).
 *
 * @public
 */
export type ShadowOptions = { readonly share?: number; readonly calls?: number; readonly for_ms?: number };

/** What is kept. `steps` is null where one tenant is moved; `grant` where nobody has consented to anything. */
export type StoredPlan = GatePlan & {
  readonly shadow: Required<ShadowOptions>;
  readonly wait_ms: number;
  readonly steps: readonly number[] | null;
  readonly grant: readonly string[] | null;
};

/** A plan as it is to be kept. */
export type PlanRequest = {
  readonly options: GateOptions;
  readonly steps?: readonly number[] | undefined;
  readonly grant?: readonly string[] | undefined;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
};

const POLICY = 'noninferiority:margin=0.02';
const POLICY_CHARACTERS_MAX = 4_096;
const CASES = 400;
const SHADOW: Required<ShadowOptions> = { share: 0.1, calls: 100, for_ms: 600_000 };
const SEEDS = 2 ** 31;

/** Fills in every default. @throws {HostError} `VALIDATION_FAILED` with the member and what it has to be. */
export function planMove({ options, steps, grant, random }: PlanRequest): StoredPlan {
  const shadow = { ...SHADOW, ...options.shadow };
  const plan: StoredPlan = {
    policy: options.policy ?? POLICY,
    answers: options.answers ?? 'same',
    cases: options.cases ?? CASES,
    seed: options.seed ?? Math.floor(random() * SEEDS),
    shadow,
    wait_ms: options.wait_ms ?? LIMITS.probation_ms.value,
    steps: steps ?? null,
    grant: grant ?? null,
  };
  insistOnPolicy(plan.policy);
  insistOnWord('answers', plan.answers, ['same', 'valid']);
  insistOnCount('cases', plan.cases, { least: 1, most: LIMITS.gate_cases.value });
  insistOnCount('seed', plan.seed, { least: 0, most: Number.MAX_SAFE_INTEGER });
  insistOnShare(shadow.share);
  insistOnCount('shadow.calls', shadow.calls, { least: 1, most: LIMITS.gate_shadow_calls.value });
  insistOnCount('shadow.for_ms', shadow.for_ms, { least: 0, most: LIMITS.rollout_wait_ms.value });
  insistOnCount('wait_ms', plan.wait_ms, { least: 0, most: LIMITS.rollout_wait_ms.value });
  return plan;
}

/** The plan as a member of the evaluation's summary. */
export function keepPlan({ shadow, steps, grant, ...plan }: StoredPlan): JsonObject {
  return {
    plan: { ...plan, shadow: { ...shadow }, steps: steps && [...steps], grant: grant && [...grant] },
  };
}

/** The plan of an evaluation. */
export function planOf({ summary }: Evaluation): StoredPlan {
  return summary['plan'] as StoredPlan; // Only `keepPlan` writes it.
}

type Range = { readonly least: number; readonly most: number };

function insistOnCount(name: string, value: number, { least, most }: Range): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw invalid(`${name} is ${value}; expected a whole number from ${least} to ${most}`);
}

function insistOnShare(share: number): void {
  if (share >= 0 && share <= 1) return;
  throw invalid(`shadow.share is ${share}; expected a number from 0 to 1`);
}

function insistOnWord(name: string, value: string, words: readonly string[]): void {
  if (words.includes(value)) return;
  throw invalid(`${name} is ${JSON.stringify(value.slice(0, 80))}; expected ${words.join(' or ')}`);
}

function insistOnPolicy({ length }: string): void {
  if (length <= POLICY_CHARACTERS_MAX) return;
  throw invalid(`policy has ${length} characters; expected at most ${POLICY_CHARACTERS_MAX}`);
}

function invalid(message: string): HostError {
  return new HostError('VALIDATION_FAILED', { message });
}
