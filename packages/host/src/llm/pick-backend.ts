/**
 * Which backend a request goes to next: the one that was named, or one by weight of those that are awake, and of those one that has
 * not failed this request where there is any.
 */
import { callError, type CallError } from '@bulkhead/protocol';
import { RESTED, restMs, type BackendRest } from './attempts.ts';
import { chooseBackend, findBackend, type LlmBackend } from './backends.ts';

/** A backend, or why there is none. */
export type Picked =
  { readonly ok: true; readonly backend: LlmBackend } | { readonly ok: false; readonly error: CallError };

/** How backends did lately, by tenant: one tenant's key may be used up while another's is not. */
export type Rests = {
  readonly of: (tenant: string, backend: LlmBackend) => BackendRest;
  readonly note: (tenant: string, backend: LlmBackend, next: (rest: BackendRest) => BackendRest) => void;
};

/** More tenants with failing backends than this are not remembered; the oldest are forgotten. */
const RESTS_MAX = 10_000;

/** Remembers nothing yet. */
export function createRests(): Rests {
  const rests = new Map<string, BackendRest>();
  const keyOf = (tenant: string, { plugin, name }: LlmBackend): string => `${tenant}\0${plugin}\0${name}`;
  return {
    of: (tenant, backend) => rests.get(keyOf(tenant, backend)) ?? RESTED,
    note: (tenant, backend, next) => {
      const key = keyOf(tenant, backend);
      const rest = next(rests.get(key) ?? RESTED);
      rests.delete(key);
      if (rest !== RESTED) rests.set(key, rest);
      const [oldest] = rests.size > RESTS_MAX ? rests.keys() : [];
      if (oldest !== undefined) rests.delete(oldest);
    },
  };
}

/** Of whom, after which failures, and with which luck a backend is picked. */
export type Picking = {
  readonly tenant: string;
  /** Names of backends that have failed this request. */
  readonly failed: ReadonlySet<string>;
  readonly wanted: string | undefined;
  readonly now: number;
  /** From 0 to below 1. */
  readonly random: () => number;
};

/** Picks one of a tenant's backends. */
export function pickBackend(backends: readonly LlmBackend[], rests: Rests, picking: Picking): Picked {
  const { tenant, failed, wanted, now, random } = picking;
  const waitOf = (backend: LlmBackend): number => restMs(rests.of(tenant, backend), now);
  if (wanted !== undefined) {
    const named = findBackend(backends, wanted);
    if (named === undefined) return { ok: false, error: notFound(wanted, backends) };
    const waitMs = waitOf(named);
    return waitMs > 0 ? { ok: false, error: resting(waitMs) } : { ok: true, backend: named };
  }
  const able = backends.filter(({ lacks }) => lacks === undefined);
  const awake = able.filter((backend) => waitOf(backend) === 0);
  const fresh = awake.filter(({ name }) => !failed.has(name));
  const backend = chooseBackend(fresh, random()) ?? chooseBackend(awake, random());
  if (backend !== undefined) return { ok: true, backend };
  const waits = able.filter(({ weight }) => weight > 0).map(waitOf);
  return { ok: false, error: waits.length > 0 ? resting(Math.min(...waits)) : noneOf(backends) };
}

function notFound(wanted: string, backends: readonly LlmBackend[]): CallError {
  const known = backends.length === 0 ? 'there are none' : `there are ${backends.map(({ name }) => name).join(', ')}`;
  return callError('LLM_BACKEND_NOT_FOUND', {
    message: `there is no backend ${JSON.stringify(wanted.slice(0, 80))}; ${known}`,
  });
}

function noneOf(backends: readonly LlmBackend[]): CallError {
  const lacking = backends.flatMap(({ name, weight, lacks }) =>
    weight > 0 && lacks !== undefined ? [`${name} lacks ${lacks}`] : [],
  );
  return callError('LLM_UNAVAILABLE', { message: noneBecause(backends, lacking) });
}

function noneBecause(backends: readonly LlmBackend[], lacking: readonly string[]): string {
  if (backends.length === 0) return 'the tenant has no plugin with a backend of a language model';
  if (lacking.length > 0) return `no backend can be asked: ${lacking.join(', ')}`;
  return `no backend has a weight above 0; name one of ${backends.map(({ name }) => name).join(', ')}`;
}

function resting(waitMs: number): CallError {
  return callError('LLM_UNAVAILABLE', {
    message: 'the backends that may be asked failed again and again, and rest',
    retryAfterMs: Math.ceil(waitMs),
  });
}
