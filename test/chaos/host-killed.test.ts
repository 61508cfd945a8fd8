/**
 * kill -9 of a host whose guests spin: within 1 s no process of a guest is alive, and the next host finds its data
 * directory free and clears what was left, with no help (DESIGN 1, promise 6).
 */
import { createHost } from '@bulkhead/host';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startHost } from '../support/child-host.ts';
import { processesWith } from '../support/remains.ts';
import { openScratch } from '../support/scratch.ts';
import { tiersHere } from '../support/tiers.ts';
import { until } from '../support/until.ts';
import { fixtureFolder } from './matrix/hostile-folders.ts';

const ROUNDS = 5;
/** One loops in JavaScript, one waits in the kernel, one keeps its event loop busy: none reads its channel in time. */
const FOLDERS = ['spin', 'wait-on-atomics', 'storm-microtasks'].map(fixtureFolder);

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe.each(await tiersHere())('at tier %s', (tierMax) => {
  test.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
    '[FAULTS-38] a host that is killed leaves no guest after 1 s, and nothing for the next (round %i)',
    async () => {
      await using scratch = await openScratch('killed');
      const dataDir = join(scratch.path, 'data');
      await using first = startHost({ verb: 'hold', folders: FOLDERS, options: { tierMax, dataDir } });
      const { token, runFolder } = await first.line();
      expect((await processesWith(String(token))).length).toBeGreaterThanOrEqual(FOLDERS.length);
      await first.kill();
      const left = await until(
        () => processesWith(String(token)),
        (all) => all.length === 0,
        1_000,
      );
      expect(left).toEqual([]);
      await using next = await createHost({ tierMax, dataDir, spareCount: 0 });
      expect(next.receipt.tier).toBe(tierMax);
      expect(await exists(String(runFolder))).toBe(false);
    },
  );
});
