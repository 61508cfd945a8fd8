/**
 * Attacks a host with one hostile plugin and writes down everything that the faults table says about it, so that a test
 * compares one value with one value. It judges nothing.
 */
import type { BreakerState, LifecycleState, Outcome } from '@bulkhead/protocol';
import type { Host } from '@bulkhead/host';
import type { Attack, BadStart, Ending } from '../../../fixtures/hostile/expectations.ts';
import { until } from '../../support/until.ts';

/** How often each attack is made: as many deaths as open a breaker. */
export const TIMES = 3;
/** The plugin beside every hostile one. */
export const NEIGHBOUR = 'good-neighbour';

/** One attack, between two looks at the registry; `successes` and `errors` are what it added to the counters. */
export type AttackSeen = {
  readonly ending: Ending;
  readonly state: LifecycleState | undefined;
  /** `names the code`, `none`, or what else it is. */
  readonly reason: string;
  readonly successes: number;
  readonly errors: number;
  readonly neighbour: string;
};

export type AttackObservation = {
  readonly attacks: readonly AttackSeen[];
  /** Whether one process served all of it, and still serves; each attack its own; or each was answered by its own. */
  readonly guest: string;
  readonly breaker: BreakerState | undefined;
};

/**
 * Makes the attack {@link TIMES} times as a tenant of its own, each time after a good call and beside one of a neighbour.
 *
 * @param tenant - Used by no other attack: state, counters, breaker and guests are then this attack's alone.
 */
export async function observeAttack(host: Host, attack: Attack, tenant: string): Promise<AttackObservation> {
  const attacks: AttackSeen[] = [];
  const instances: (string | null)[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    const before = await host.call({ plugin: attack.fixture, tool: 'ping', tenant });
    if (!before.ok) return { attacks, guest: `the good call before it ended ${describe(before)}`, breaker: undefined };
    const { seen, instance } = await attackOnce(host, attack, tenant);
    attacks.push(seen);
    instances.push(before.call.instance_id, instance);
  }
  const willDie = attack.guest === 'dies';
  // A guest that ignored its deadline is killed a moment after its call was answered.
  const breaker = await until(
    () => breakerOf(host, attack.fixture, tenant),
    (state) => state === (willDie ? 'open' : 'closed'),
  );
  return { attacks, guest: await fate(host, { attack, tenant, instances }), breaker };
}

async function attackOnce(
  host: Host,
  attack: Pick<Attack, 'fixture' | 'params'>,
  tenant: string,
): Promise<{ readonly seen: AttackSeen; readonly instance: string | null }> {
  const view = { scope: tenant, showThrownText: true };
  const before = host.health(attack.fixture, view);
  const [outcome, neighbour] = await Promise.all([
    host.call({ plugin: attack.fixture, tool: 'attack', params: attack.params ?? {}, tenant }),
    host.call({ plugin: NEIGHBOUR, tool: 'attack', params: { text: tenant }, tenant }),
  ]);
  const after = host.health(attack.fixture, view);
  const seen: AttackSeen = {
    ending: endingOf(outcome),
    state: after?.state,
    reason: reasonOf(after?.reason, outcome),
    successes: (after?.success_count ?? 0) - (before?.success_count ?? 0),
    errors: (after?.error_count ?? 0) - (before?.error_count ?? 0),
    neighbour: neighbour.ok && neighbour.value === tenant ? 'noticed nothing' : describe(neighbour),
  };
  return { seen, instance: outcome.call.instance_id };
}

/** Reduces an outcome to what the table says of it. */
export function endingOf(outcome: Outcome): Ending {
  if (outcome.ok) return { kind: 'ok', value: outcome.value };
  const { kind, code, limit } = outcome.error;
  const ending = limit === undefined ? { kind, code } : { kind, code, limit: limit.name };
  return ending as Ending; // Codes of outcomes are of the table.
}

function reasonOf(reason: string | undefined, outcome: Outcome): string {
  if (reason === undefined) return 'none';
  return !outcome.ok && reason.startsWith(`${outcome.error.code}: `) ? 'names the code' : reason;
}

function breakerOf(host: Host, plugin: string, tenant: string): BreakerState | undefined {
  return host.health(plugin, { scope: tenant, showThrownText: true })?.breaker;
}

type Life = { readonly attack: Attack; readonly tenant: string; readonly instances: readonly (string | null)[] };

async function fate(host: Host, { attack, tenant, instances }: Life): Promise<string> {
  const distinct = new Set(instances);
  if (attack.guest === 'dies')
    return distinct.size === TIMES ? 'dies' : `${distinct.size} guests served ${TIMES} attacks`;
  const last = await host.call({ plugin: attack.fixture, tool: 'ping', tenant });
  if (!last.ok) return `the good call after it ended ${describe(last)}`;
  if (attack.guest === 'answers') return 'answers';
  distinct.add(last.call.instance_id);
  return distinct.size === 1 ? 'lives' : `${distinct.size} guests served`;
}

function describe(outcome: Outcome): string {
  return outcome.ok ? `ok with ${JSON.stringify(outcome.value)}` : `${outcome.error.code}: ${outcome.error.message}`;
}

/** The same for a plugin that never gets as far as serving: no good call comes before, and none after. */
export async function observeBadStart(
  host: Host,
  { fixture }: BadStart,
  { tenant, times }: { readonly tenant: string; readonly times: number },
): Promise<Omit<AttackObservation, 'guest'>> {
  const attacks: AttackSeen[] = [];
  for (let time = 0; time < times; time += 1) attacks.push((await attackOnce(host, { fixture }, tenant)).seen);
  return { attacks, breaker: breakerOf(host, fixture, tenant) };
}

/** What the table asks of a plugin that starts badly. */
export function expectedOfBadStart({ ending, guest }: BadStart, times: number): Omit<AttackObservation, 'guest'> {
  const isOpen = guest === 'dies' && times >= TIMES;
  return { attacks: Array.from({ length: times }, () => seenOf(ending)), breaker: isOpen ? 'open' : 'closed' };
}

/** What the table asks of an attack, in the form of an observation. */
export function expectedOf({ ending, guest }: Attack): AttackObservation {
  const breaker = guest === 'dies' ? 'open' : 'closed';
  return { attacks: Array.from({ length: TIMES }, () => seenOf(ending)), guest, breaker };
}

/** One failed call is one error, and one good call one success, whatever else happened (decision 15). */
function seenOf(ending: Ending): AttackSeen {
  const isOk = ending.kind === 'ok';
  return {
    ending,
    state: isOk ? 'INITIALIZED' : 'FAILED',
    reason: isOk ? 'none' : 'names the code',
    successes: isOk ? 1 : 0,
    errors: isOk ? 0 : 1,
    neighbour: 'noticed nothing',
  };
}
