/**
 * The canary of an upgrade: the tenant itself, for as long as it is watched.
 */
import { HostError } from '../base/host-error.ts';
import { upgrade } from '../moves/upgrade.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';
import { movedTenants, type Canary, type CanaryState } from './canary.ts';
import type { GatePath } from './gate-path.ts';
import { planOf } from './gate-plan.ts';
import { canarySince } from './stored-parts.ts';

/** Makes it. */
export function createTenantCanary(path: GatePath, evaluation: Evaluation): Canary {
  const { move, clock } = path;
  const { plugin_name: plugin, tenant_id, to_version: version, from_version, actor: by } = evaluation;
  const tenant = tenant_id ?? '';
  const { grant, wait_ms } = planOf(evaluation);
  const movesSince = () => move.releases.movesOf(tenant, plugin).filter(({ at }) => at >= canarySince(evaluation));

  async function begin(): Promise<void> {
    if (movesSince().length > 0) return; // Before a restart.
    const row = move.releases.registrationOf(tenant, plugin);
    if (row?.plugin_version !== from_version) throw movedMeanwhile(from_version, row?.plugin_version);
    const consent = grant === null ? {} : { grant };
    await upgrade(move, { plugin, tenant, version, gate: 'trial', kind: 'canary', by, isPlatform: true, ...consent });
  }

  function state(): CanaryState {
    const [moved] = movedTenants(move.releases, evaluation);
    if (moved === undefined) return fallen();
    const leftMs = Date.parse(moved.move.at) + wait_ms - clock.wallTime();
    return leftMs > 0 ? { kind: 'watched', leftMs } : { kind: 'through' };
  }

  function fallen(): CanaryState {
    const last = movesSince().at(-1);
    if (last?.kind === 'automatic_rollback')
      return { kind: 'fallen', reason: last.reason ?? 'the host moved the tenant back', isAsked: false };
    const where =
      last === undefined ? 'no longer runs the candidate' : `was moved to ${last.to_version} by ${last.actor}`;
    return { kind: 'fallen', reason: `the tenant ${where}`, isAsked: true };
  }

  return { begin, state, stop: async () => undefined };
}

function movedMeanwhile(expected: string | null, found: string | undefined): HostError {
  return new HostError('REVISION_CONFLICT', {
    message: `the tenant runs ${found ?? 'no release'}, and the candidate was compared with ${expected ?? 'none'}`,
    hint: 'Begin a new evaluation: this one says nothing about the release that runs now.',
  });
}
