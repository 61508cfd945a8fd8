/**
 * Opens the gate: what carries gated moves on, over the parts of a host that compare, mirror and move.
 */
import { HostError } from '../base/host-error.ts';
import { systemTimer } from '../base/timer.ts';
import { createGate, type Gate } from '../gate/gate.ts';
import { openHarness } from './open-harness.ts';
import type { HostParts } from './open-parts.ts';
import type { HostSettings } from './settings.ts';

/** Opens it; where nobody judges, it refuses. What is under way when it is closed goes on with the next host. */
export function openGate(settings: HostSettings, parts: HostParts, closing: AsyncDisposableStack): Gate {
  const { judge, guard: policy } = settings;
  if (judge === undefined) return closedGate(policy);
  const { call, install, nodes } = parts;
  const { clock, log, redact, random } = settings;
  const gate = createGate({
    ...{ judge, clock, log, redact, random, startTimer: systemTimer },
    move: install,
    rollouts: parts.rollouts,
    evaluations: parts.evaluations,
    recordings: parts.recordings,
    mirror: parts.mirror,
    openHarness: (options) => openHarness(parts, options),
    countCalls: async (query) => {
      await call.ledger.flush();
      return call.storage.countCalls(query);
    },
    node: call.node,
    isAlive: (id) => nodes.list().some((each) => each.id === id && each.state !== 'lost'),
  });
  closing.defer(() => gate.close());
  gate.look();
  return { policy, begin: gate.begin, cancel: gate.cancel };
}

/** Evidence that nobody can give would keep every release out. */
function closedGate(policy: Gate['policy']): Gate {
  if (policy === 'required')
    throw new HostError('GUARD_NOT_INSTALLED', { hint: 'Give the host a `judge`, or let its `guard` be optional.' });
  const refuse = (): Promise<never> => Promise.reject(new HostError('GUARD_NOT_INSTALLED'));
  return { policy, begin: refuse, cancel: refuse };
}
