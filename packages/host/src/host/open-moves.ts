/**
 * Opens what moves registrations by itself: the probation of upgrades, and rollouts.
 */
import { randomUUID } from 'node:crypto';
import { systemTimer } from '../base/timer.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { createRollouts } from '../catalogue/rollouts.ts';
import type { InstallPath } from '../install/install-path.ts';
import { createProbation, type Probation } from '../moves/probation.ts';
import { takeBack } from '../moves/rollback.ts';
import { createRolloutDriver, type RolloutDriver } from '../moves/rollout.ts';
import { upgrade } from '../moves/upgrade.ts';
import type { Nodes } from '../nodes/nodes.ts';
import type { StoredRollout } from '../storage/catalogue-port.ts';

/** What is opened after the registry, and told by it. */
export type Late = { probation?: Probation };

/** What they are opened with. */
export type MoveParts = {
  readonly late: Late;
  readonly install: InstallPath;
  readonly catalogue: Catalogue;
  readonly nodes: Nodes;
  readonly node: string;
};

/** Opens both, and returns the rollouts, which wait for their first `look`. What is under way when they are closed ends first. */
export function openMoves(
  { late, install, catalogue, nodes, node }: MoveParts,
  closing: AsyncDisposableStack,
): RolloutDriver {
  const { releases, clock, log } = install;
  const timing = { clock, log, startTimer: systemTimer };
  const probation = createProbation({ ...timing, releases, rollBack: (fallen) => takeBack(install, fallen) });
  late.probation = probation;
  closing.defer(() => probation.close());
  const rollouts = createRolloutDriver({
    ...timing,
    releases,
    rollouts: createRollouts({ catalogue, clock, newId: randomUUID }),
    node,
    isAlive: (id) => nodes.list().some((each) => each.id === id && each.state !== 'lost'),
    move: (rollout, { tenant_id: tenant }) => upgrade(install, { ...moveOf(rollout), tenant, isPlatform: true }),
  });
  catalogue.onChange(rollouts.look);
  closing.defer(() => rollouts.close());
  return rollouts;
}

/** What an evaluation has let in is tried for each tenant as well: its configuration is the tenant's own. */
function moveOf({ plugin_name: plugin, version, gate, actor: by }: StoredRollout) {
  return gate === 'guard'
    ? ({ plugin, version, by, gate: 'trial', kind: 'canary' } as const)
    : { plugin, version, by, gate };
}
