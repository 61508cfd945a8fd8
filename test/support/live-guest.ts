/**
 * A host with one hostile plugin and its one guest, and what the kernel says of that guest's process.
 */
import { expect } from 'vitest';
import type { Log } from '@bulkhead/host';
import type { Tier } from '@bulkhead/protocol';
import { readFile } from 'node:fs/promises';
import { fixtureFolder } from '../chaos/matrix/hostile-folders.ts';
import { openOwnHost, type OwnHost } from './own-host.ts';
import { guestsOf, innermost } from './remains.ts';
import { until } from './until.ts';

/** Process ids of one guest: the process that the host spawned, and the Node that runs the plugin. */
export type Live = { readonly outer: number; readonly inner: number };

/** Opens a host whose one guest runs the fixture. */
export async function openWith(tierMax: Tier, fixture: string, log?: Log): Promise<OwnHost> {
  const own = await openOwnHost({ tierMax, spareCount: 0, ...(log && { log }) });
  await own.host.install(fixtureFolder(fixture));
  return own;
}

/** Calls the plugin's `ping`, and returns the one guest that answered. */
export async function liveGuest({ host, token }: OwnHost, plugin: string): Promise<Live> {
  expect(await host.call({ plugin, tool: 'ping' })).toMatchObject({ ok: true });
  const [guest] = await until(
    () => guestsOf(token),
    (all) => all.length === 1,
  );
  const outer = guest?.pid ?? 0;
  return { outer, inner: await innermost(outer) };
}

/** Reads one line of /proc/PID/status, without its name; undefined where there is none. Rejects once the process is gone. */
export async function statusOf(pid: number, name: string): Promise<string | undefined> {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
}
