/**
 * The canary of a rollout: the shares of the tenants that its steps move, each watched before the next.
 */
import type { Evaluation } from '../storage/evaluations-port.ts';
import type { StoredRollout } from '../storage/catalogue-port.ts';
import type { Canary, CanaryState } from './canary.ts';
import type { GatePath } from './gate-path.ts';
import { planOf } from './gate-plan.ts';
import { canarySince } from './stored-parts.ts';

/** Makes it. */
export function createRolloutCanary({ rollouts, clock }: GatePath, evaluation: Evaluation): Canary {
  const { plugin_name: plugin, to_version: version, actor: by } = evaluation;
  const { steps, wait_ms: waitMs } = planOf(evaluation);
  const since = canarySince(evaluation);

  function own(): StoredRollout | undefined {
    const newest = rollouts.of(plugin);
    const isOwn = newest?.gate === 'guard' && newest.version === version && newest.started_at >= since;
    return isOwn ? newest : undefined;
  }

  async function begin(): Promise<void> {
    if (own() !== undefined) return; // Before a restart.
    await rollouts.start(plugin, { version, gate: 'guard', waitMs, by, ...(steps !== null && { steps }) });
  }

  function state(): CanaryState {
    const rollout = own();
    if (rollout === undefined) return { kind: 'fallen', reason: 'another rollout was begun', isAsked: true };
    const { state: at, reason, updated_at } = rollout;
    if (at === 'halted') return { kind: 'fallen', reason: reason ?? 'the rollout was halted', isAsked: false };
    if (at === 'cancelled')
      return { kind: 'fallen', reason: 'the rollout was ended by an administrator', isAsked: true };
    if (at === 'running') return { kind: 'watched', leftMs: Number.POSITIVE_INFINITY };
    const leftMs = Date.parse(updated_at) + waitMs - clock.wallTime();
    return leftMs > 0 ? { kind: 'watched', leftMs } : { kind: 'through' };
  }

  async function stop(fault?: string): Promise<void> {
    const rollout = own();
    if (rollout === undefined) return;
    if (fault !== undefined) await rollouts.halt(rollout, fault);
    else if (rollout.state === 'running') await rollouts.cancel(plugin, 'host');
  }

  return { begin, state, stop };
}
