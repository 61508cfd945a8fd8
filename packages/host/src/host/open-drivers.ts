/**
 * Opens what plugins run in: the sandbox of this machine, and the drivers for guests of our own and for MCP servers.
 */
import { isTierAtLeast } from '@bulkhead/protocol';
import { join } from 'node:path';
import { HostError } from '../base/host-error.ts';
import type { Journal } from '../journal/journal.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createRefusals, type Refusals } from '../refusals/refusals.ts';
import type { ProcessDriverOptions } from '../sandbox/process/driver.ts';
import { openProcessSandbox, type ProcessSandbox } from '../sandbox/process/open-process-sandbox.ts';
import { openStdioDriver } from '../sandbox/stdio/open-stdio-driver.ts';
import type { HostEgress } from './open-egress.ts';
import type { Drivers } from './open-guest.ts';
import type { HostSettings } from './settings.ts';

/** Who is told of what happens in a sandbox. */
export type Told = { readonly metrics: Metrics; readonly journal: Journal };

/**
 * Opens the sandbox of this machine, as strong as it is measured to be.
 *
 * @throws {HostError} `SANDBOX_TOO_WEAK` where the operator asks for more.
 */
export async function openSandbox(settings: HostSettings, { metrics, journal }: Told): Promise<ProcessSandbox> {
  const { clock, log, guestPath, probePath, spareCount, spareMemoryMb, tierMax, minTier } = settings;
  const sandbox = await openProcessSandbox({
    ...{ clock, log, guestPath, probePath, spareCount, spareMemoryMb, tierMax, notes: settings.notes },
    prepared: settings.prepared,
    isDebugged: settings.debugging !== undefined,
    onOpened: (kind, durationMs) => metrics.observeStart(kind === 'warm' ? 'pool' : 'cold', durationMs),
    onDropped: () => metrics.countDroppedFrames(1),
    onSaid: saidTo(journal),
  });
  const { tier } = sandbox.receipt;
  if (isTierAtLeast(tier, minTier)) return sandbox;
  await sandbox.close();
  throw new HostError('SANDBOX_TOO_WEAK', {
    message: `the sandbox of this machine is of tier "${tier}"; the operator asks for "${minTier}"`,
  });
}

type Opened = Told & Pick<Drivers, 'sandbox' | 'artifacts' | 'standingOf'> & { readonly egress: HostEgress };

/** Opens the drivers. MCP servers end before the run folder goes, in which their files are. */
export async function openDrivers(
  { clock, log, dataDir, env }: HostSettings,
  { metrics, journal, egress, ...brought }: Opened,
  closing: AsyncDisposableStack,
): Promise<Drivers & { readonly refusals: Refusals }> {
  const refusals = createRefusals(clock.wallTime);
  const stdio = await openStdioDriver({
    ...{ clock, log, sandbox: brought.sandbox },
    stateRoot: dataDir === undefined ? undefined : join(dataDir, 'state'),
    onOpened: (durationMs) => metrics.observeStart('cold', durationMs),
    onDropped: () => metrics.countDroppedFrames(1),
    onSaid: saidTo(journal),
    onErrorText: refusals.note,
  });
  closing.defer(() => stdio.close());
  const proxyOf: Drivers['proxyOf'] = (spec, { name: tenant, isTrial }) =>
    egress.proxyOf({
      ...{ spec, tenant, isTrial },
      didRefuse: (one) => refusals.add({ plugin: spec.name, tenant }, one),
    });
  return { ...brought, stdio, proxyOf, refusals, env };
}

function saidTo(journal: Journal): ProcessDriverOptions['onSaid'] {
  return ({ plugin, tenant, instanceId }, { source, level, text, fields }) => {
    const entry = { source, level, text, instanceId, ...(fields !== undefined && { fields }) };
    journal.add({ plugin, scope: tenant }, entry);
  };
}
