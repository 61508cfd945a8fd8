/**
 * How late a load that never ends is killed. Timers of the test stand in the same event loop as the limit's own, set in
 * the same turn: however late a busy machine makes them all, they elapse in order, and none of what follows can be late.
 */
import { TIERS } from '@bulkhead/protocol';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tierObstacle } from './command.ts';
import { findGuests } from './launch-fixture.ts';
import { openSandboxFixture } from './sandbox-fixture.ts';
import { findToolset } from './toolset.ts';

const toolset = await findToolset();
const TIERS_HERE = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);
/** What spares have, so that the load begins in the turn in which it is asked for. */
const MEMORY_MB = 512;
/** No multiple of anything that the host looks at regularly. */
const LIMIT_MS = 620;
const LATE_MS_MAX = 50;

test.each(TIERS_HERE)(
  '[FAULTS-4] a load that spins at tier %s is killed at its limit and at most 50 ms',
  async (tier) => {
    const { sandbox, open, close } = await openSandboxFixture(tier, { spareCount: 1 });
    await sandbox.driver.pool.settled();
    const spare = await findGuests(sandbox.runDirectory.token);
    const opening = open('for (;;); export const main = {};', { memoryMb: MEMORY_MB, initTimeoutMs: LIMIT_MS });
    const [before, after] = await Promise.all(
      [LIMIT_MS - LATE_MS_MAX, LIMIT_MS + LATE_MS_MAX].map((ms) => afterMs(ms, () => spare.filter(isMeantToLive))),
    );
    expect(await opening).toMatchObject({ ok: false, error: { kind: 'timeout', code: 'INIT_TIMEOUT' } });
    expect(spare.length).toBeGreaterThan(0);
    expect([before, after]).toEqual([spare, []]);
    await close();
  },
);

function afterMs<Value>(ms: number, look: () => Value): Promise<Value> {
  return new Promise((resolve) => setTimeout(() => resolve(look()), ms));
}

const SIGKILL_BIT = 1n << 8n;

/** False once it is dead, or SIGKILL is on its way to it: the kernel has that from the moment of the kill. */
function isMeantToLive(pid: number): boolean {
  const status = readStatus(pid);
  const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm)].map(([, mask]) => BigInt(`0x${mask}`));
  return pending.length > 0 && !/^State:\s*[ZX]/m.test(status) && pending.every((mask) => (mask & SIGKILL_BIT) === 0n);
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
