/**
 * Who is moved to the candidate before it is adopted: one tenant, or those of a rollout, step by step. What both kinds have in common
 * is here: who has been moved, and how they are moved back.
 */
import type { Releases } from '../catalogue/releases.ts';
import { HostError } from '../base/host-error.ts';
import { takeBack } from '../moves/rollback.ts';
import type { MoveRow, StoredRegistration } from '../storage/catalogue-port.ts';
import type { Evaluation } from '../storage/evaluations-port.ts';
import type { GatePath } from './gate-path.ts';
import { canarySince } from './stored-parts.ts';

/** A tenant that runs the candidate because of an evaluation, and the move that brought it there. */
export type MovedTenant = { readonly row: StoredRegistration; readonly move: MoveRow };

/** How a canary is. `through`: everybody who is to be moved has been watched for long enough. */
export type CanaryState =
  | { readonly kind: 'watched'; readonly leftMs: number }
  | { readonly kind: 'through' }
  /** `isAsked`: somebody else has decided, and the candidate is not to blame. */
  | { readonly kind: 'fallen'; readonly reason: string; readonly isAsked: boolean };

/** One of the two kinds of canary. */
export type Canary = {
  /** Moves, or begins to; again after a restart, where it changes nothing. */
  readonly begin: () => Promise<void>;
  readonly state: () => CanaryState;
  /** Moves nobody else from now on. With a `fault` of the candidate, a rollout is halted for it, though all of its steps were done. */
  readonly stop: (fault?: string) => Promise<void>;
};

/** Lists who runs the candidate because of an evaluation. */
export function movedTenants(releases: Pick<Releases, 'registrantsOf' | 'movesOf'>, evaluation: Evaluation) {
  const { plugin_name: plugin, tenant_id } = evaluation;
  const since = canarySince(evaluation);
  return releases
    .registrantsOf(plugin)
    .filter((row) => tenant_id === null || row.tenant_id === tenant_id)
    .flatMap((row): readonly MovedTenant[] => {
      const move = releases.movesOf(row.tenant_id, plugin).at(-1);
      return move !== undefined && isOf(evaluation, move, since) && row.plugin_version === move.to_version
        ? [{ row, move }]
        : [];
    });
}

function isOf({ to_version }: Evaluation, move: MoveRow, since: string): boolean {
  return move.kind === 'canary' && move.to_version === to_version && move.at >= since;
}

/** Tries again where a registration has been changed at the same time. */
const ATTEMPTS_MAX = 3;

/** Moves everybody back who runs the candidate because of an evaluation. Whoever has gone elsewhere meanwhile stays there. */
export async function moveBack(path: GatePath, evaluation: Evaluation, reason: string): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const moved = movedTenants(path.move.releases, evaluation);
    for (const each of moved) await moveTenantBack(path, each, reason);
    if (moved.length === 0) return;
  }
}

async function moveTenantBack({ move: path, log }: GatePath, moved: MovedTenant, reason: string): Promise<void> {
  try {
    await takeBack(path, { ...moved, reason });
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'REVISION_CONFLICT') throw error;
    const { plugin_name: plugin, tenant_id: tenant } = moved.row;
    log.info({ plugin, tenant }, 'a registration changed while it was moved back');
  }
}
