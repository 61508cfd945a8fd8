import { TIERS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createWatchdog } from '../watchdog.ts';
import { dataLimitBytes, tierObstacle } from './command.ts';
import { createProcessDriver, type GuestShape, type ProcessDriver } from './driver.ts';
import { withGroups } from './group-fixture.ts';
import type { GuestGroups } from './guest-groups.ts';
import { createGuestLauncher } from './launcher.ts';
import type { ProcessSandbox } from './open-process-sandbox.ts';
import { openSandboxFixture, specOf } from './sandbox-fixture.ts';
import { findToolset } from './toolset.ts';

const toolset = await findToolset();
const TIERS_HERE = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);
const MEMORY_MB = 256;

test.each(TIERS_HERE)('the receipt at tier %s says whether guests are in control groups [FAULTS 27]', (tier) =>
  withGroups(async (groups) => {
    const { sandbox, close } = await openSandboxFixture(tier);
    const found = sandbox.receipt.layers.find(({ name }) => name === 'memory-cgroup');
    const processes = groups.limitsProcesses ? 'process 5 refused' : 'processes are not limited by it';
    const how = `memory-beyond-group ended at 16 MiB, ${processes} (cgroup version ${groups.version})`;
    expect(found).toEqual({ name: 'memory-cgroup', holds: true, how });
    await close();
  }),
);

test.each(TIERS_HERE)(
  'a call at tier %s that fills the guest’s control group ends out of memory [FAULTS 25-27]',
  (tier) =>
    withGroups(async (groups) => {
      const { sandbox, close } = await openSandboxFixture(tier);
      const driver = openDriver(sandbox, groups);
      const opening = await driver.open(specOf(GREEDY, { memoryMb: MEMORY_MB }));
      if (!opening.ok) throw new Error(opening.error.message);
      const reply = await opening.sandbox.run({
        ...{ target: 'tool', name: 'grow', args: [{}], signal: undefined, isFullTime: true },
        ...{ timeoutMs: 10_000, deadline: systemClock.now() + 10_000 },
      });
      expect(reply).toMatchObject({ ok: false, error: { code: 'GUEST_OUT_OF_MEMORY' } });
      await driver.close();
      await close();
    }),
);

/** Keeps 200 MiB, which its own limits allow. */
const GREEDY = `
  const held = [];
  const execute = () => { for (let i = 0; i < 200; i += 1) held.push(Buffer.alloc(1024 * 1024, 1)); return held.length; };
  export const main = { default: { tools: [{ name: 'grow', description: 'grow', parameters: { type: 'object' }, execute }] } };
`;

/** As in production, but with groups that are smaller than what RLIMIT_DATA and the watchdog allow. */
function openDriver({ receipt, staged, uids, runDirectory }: ProcessSandbox, groups: GuestGroups): ProcessDriver {
  const small = { memoryBytes: 96 * 1024 * 1024, processesMax: 64 };
  const launcher = createGuestLauncher({
    ...{ tier: receipt.tier, toolset, staged, uids, token: runDirectory.token, hostPid: process.pid },
    groups: { ...groups, make: () => groups.make(small) },
  });
  const prepare = ({ memoryMb }: GuestShape): ReturnType<typeof launcher.prepare> =>
    launcher.prepare({
      memoryMb,
      dataLimitBytes: dataLimitBytes(staged.image.idleDataBytes, memoryMb),
      openFilesMax: 64,
      fileSizeMaxBytes: 0,
    });
  return createProcessDriver({
    launches: { tier: receipt.tier, prepare, hidePaths: (text) => text },
    receipt,
    clock: systemClock,
    watchdog: createWatchdog(),
    log: SILENT,
    defaultShape: { memoryMb: MEMORY_MB },
    spareCount: 0,
    bootTimeoutMs: 10_000,
    onOpened: () => undefined,
    onDropped: () => undefined,
    onSaid: () => undefined,
  });
}

const ignore = (): void => undefined;
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };
