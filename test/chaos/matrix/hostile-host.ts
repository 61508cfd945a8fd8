/**
 * A host with every hostile plugin installed, watched while they attack it.
 */
import type { Host } from '@bulkhead/host';
import type { Tier } from '@bulkhead/protocol';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ATTACKS } from '../../../fixtures/hostile/expectations.ts';
import { openOwnHost } from '../../support/own-host.ts';
import { guestsOf, processesWith, runFoldersOf } from '../../support/remains.ts';
import { until } from '../../support/until.ts';
import { fixtureFolder, installableFolder } from './hostile-folders.ts';
import { NEIGHBOUR } from './observe-attack.ts';

export type HostileHost = {
  readonly host: Host;
  /** 99th percentile of how late the host's event loop was since it was opened, in milliseconds. */
  readonly lagMs: () => number;
  /** Guests that run without being counted as live, and those that are counted and do not run; 0 when all is well. */
  readonly strayGuests: () => Promise<number>;
  /** Closes the host, and says what is left of it: its processes and folders. */
  readonly close: () => Promise<readonly string[]>;
};

/** Opens the host at a tier; every plugin that attacks is installed from its own folder, or as a dependency. */
export async function openHostileHost(tierMax: Tier): Promise<HostileHost> {
  const scratch = await mkdtemp(join(tmpdir(), 'hostile-'));
  const { host, token, runFolder } = await openOwnHost({ tierMax });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  await host.install(fixtureFolder(NEIGHBOUR));
  for (const fixture of new Set(ATTACKS.map((attack) => attack.fixture))) {
    await host.install(await installableFolder(fixture, scratch));
  }
  delay.enable();
  const stray = async (): Promise<number> => (await guestsOf(token)).length - (await countLive(host));
  return {
    host,
    lagMs: () => delay.percentile(99) / 1e6,
    strayGuests: () => until(stray, (count) => count === 0),
    close: async () => {
      delay.disable();
      await host.close();
      await rm(scratch, { recursive: true, force: true });
      const folders = (await runFoldersOf(process.pid)).filter(({ path }) => path === runFolder);
      const processes = await until(
        () => processesWith(token),
        (left) => left.length === 0,
      );
      return [...folders.map(({ path }) => path), ...processes.map(({ command }) => command)];
    },
  };
}

/** Reads how many guests the host believes to have, from what it tells an operator. */
async function countLive(host: Host): Promise<number> {
  const lines = (await host.metrics()).split('\n').filter((line) => line.startsWith('sandbox_guests{'));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
