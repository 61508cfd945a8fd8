/**
 * Opens the registry, and tells of what it decides: the storage, the plugin's log, those who hear of states, and whoever watches
 * over an upgrade.
 */
import type { Clock } from '../base/clock.ts';
import type { Journal } from '../journal/journal.ts';
import { createRegistry, type Registry } from '../registry/registry.ts';
import type { HostEvents } from './open-events.ts';
import type { Late } from './open-moves.ts';
import type { Records } from './open-records.ts';
import { tellTransition } from './plugin-logs.ts';

/** Who is told. */
export type RegistryWatchers = Pick<Records, 'transitions'> & {
  readonly journal: Pick<Journal, 'add'>;
  readonly events: Pick<HostEvents, 'didTransition'>;
  readonly late: Late;
};

/** Opens it. */
export function openRegistry(
  clock: Clock,
  { transitions, journal, events, late }: RegistryWatchers,
  closing: AsyncDisposableStack,
): Registry {
  const registry = createRegistry({
    clock,
    didTransition: (transition, reasonCode) => {
      transitions.add(transition);
      tellTransition(journal, transition);
      events.didTransition(transition, reasonCode);
    },
    didOpenBreaker: (opened) => late.probation?.didOpenBreaker(opened),
  });
  closing.defer(() => registry.close());
  return registry;
}
