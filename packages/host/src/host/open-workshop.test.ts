import { TIERS, type Tier } from '@bulkhead/protocol';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { bundleSource } from '../bundle/bundle-source.ts';
import { reviewSource } from '../review/review-source.ts';
import { tierObstacle } from '../sandbox/process/command.ts';
import { stageLaunchFiles } from '../sandbox/process/launch-files.ts';
import { noNotes } from '../sandbox/process/machine-notes.ts';
import { openRunDirectory } from '../sandbox/process/run-directory.ts';
import { findToolset } from '../sandbox/process/toolset.ts';
import { leaseUids, type UidLease } from '../sandbox/process/uid-lease.ts';
import { readSdk } from '../source/host-package.ts';
import { readManifest } from '../source/manifest-file.ts';
import { makePluginFolder } from '../source/plugin-folder.fixture.ts';
import { OPERATOR_FOLDER, readSource } from '../source/read-source.ts';
import { openWorkshop } from './open-workshop.ts';
import { WORKSHOP_FILE } from '../toolchain/workshop.fixture.ts';
import type { Workshop } from '../toolchain/workshop.ts';

const toolset = await findToolset();
const TIERS_HERE = TIERS.filter((tier) => tierObstacle(tier, toolset) === undefined);

let uids: UidLease | undefined;
beforeAll(async () => {
  uids = toolset.isRoot ? await leaseUids() : undefined;
});
afterAll(async () => {
  await uids?.close();
});

async function openAt(tier: Tier): Promise<Workshop> {
  const { architecture } = toolset;
  const place = await openRunDirectory({ forOtherUsers: toolset.isRoot });
  const staged = await stageLaunchFiles({ runDirectory: place, guestPath: WORKSHOP_FILE, architecture });
  const settings = { clock: systemClock, workshopPath: WORKSHOP_FILE };
  const workshop = openWorkshop({
    settings,
    sandbox: { tier, runDirectory: place, staged, toolset, uids, notes: noNotes },
  });
  const close = async (): Promise<void> => {
    await workshop.close();
    await place.close();
  };
  return { ...workshop, close };
}

test.each(TIERS_HERE)('[FAULTS-89] reviews and bundles in the sandbox of tier %s', async (tier) => {
  await using plugin = await makePluginFolder({
    'main.ts': `import { definePlugin } from '@bulkhead/sdk';\nexport default definePlugin({ tools: [] });`,
  });
  const workshop = await openAt(tier);
  const source = await readSource(plugin.dir, OPERATOR_FOLDER);
  const read = readManifest(source);
  if (!read.ok) throw new Error('the fixture has a manifest');
  const review = await reviewSource({ source, manifest: read.manifest, supplied: [await readSdk()] }, workshop.ask);
  if (review.kind !== 'reviewed') throw new Error(JSON.stringify(review));
  const bundled = await bundleSource(review.reviewed, workshop.ask);
  expect(bundled.kind).toBe('bundled');
  const status = await readFile(`/proc/${workshop.pid()}/status`, 'utf8');
  expect(status).toContain('NoNewPrivs:\t1');
  await workshop.close();
  expect(workshop.pid()).toBeUndefined();
});
