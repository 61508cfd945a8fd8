/**
 * Guests whose program is ours: started by a host's own command, at its tier and with its limits, but without the guest's
 * rules, so that what is refused in them was refused by Node's permission model or, where that is left out, by the kernel.
 */
import { createHost, type Host } from '@bulkhead/host';
import type { Receipt, Tier } from '@bulkhead/protocol';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { guestPathInside } from '../../../packages/host/src/sandbox/process/command.ts';
import type { GroupLimits } from '../../../packages/host/src/sandbox/process/guest-groups.ts';
import { openLaunchFixture, type LiveGuest } from '../../../packages/host/src/sandbox/process/launch-fixture.ts';
import { openMemoryLayer } from '../../../packages/host/src/sandbox/process/memory-layer.ts';
import { innermost } from '../../support/remains.ts';
import { fixtureFolder } from './hostile-folders.ts';
import type { KernelAttempt } from './kernel-attempts.ts';
import { NEIGHBOUR, endingOf } from './observe-attack.ts';

/** A live guest that attempts what it is told to. */
export type BareGuest = {
  /** Of the Node process, which bubblewrap's may be above. */
  readonly pid: number;
  /**
   * Says what came of it; where the guest ended by it, its exit code and signal. A neighbour is called all the while.
   *
   * @throws {Error} Where a call of the neighbour ended otherwise than well.
   */
  readonly attempt: (what: KernelAttempt) => Promise<unknown>;
  readonly stderr: () => string;
  /** Whether the kernel ended it because its control group was full; false where it has none. */
  readonly wasOutOfMemory: () => boolean;
  /** Ends it and what it started, and removes its control group. */
  readonly end: () => Promise<void>;
};

/** How a guest is started: without Node's permission model, or in a control group that small, where there are any. */
export type BareGuestOptions = { readonly withoutPermissionModel?: boolean; readonly group?: GroupLimits };

/** Guests of one tier, beside a real host in this process. */
export type BareGuests = {
  readonly receipt: Receipt;
  /** The one file that a guest may read, by its path in the guest. */
  readonly guestPath: string;
  /** Generation token, which every process of these guests carries. */
  readonly token: string;
  readonly start: (options?: BareGuestOptions) => Promise<BareGuest>;
  readonly close: () => Promise<void>;
};

const LAUNCHER = fileURLToPath(new URL('../../../packages/host/src/sandbox/process/launch.pl', import.meta.url));

/** Opens the host and what its guests start from. A tier that does not hold here is an error. */
export async function openBareGuests(tier: Tier): Promise<BareGuests> {
  const host = await createHost({ tierMax: tier, spareCount: 0 });
  if (host.receipt.tier !== tier) throw new Error(`tier ${tier} does not hold here: ${host.receipt.tier} does`);
  await host.install(fixtureFolder(NEIGHBOUR));
  await callWell(host);
  const fixture = await openLaunchFixture();
  const { toolset, runDirectory, staged } = fixture;
  const { path, token } = runDirectory;
  const layer = await openMemoryLayer({ toolset, launcher: LAUNCHER, token, runDirectory: path });
  const program = await attemptProgram();
  const start: BareGuests['start'] = async ({ withoutPermissionModel = false, group: limits } = {}) => {
    const group = limits && layer.groups?.make(limits);
    const shape = { ...fixture.shapeOf(tier), ...(group && { groupEntries: group.entries }) };
    const live = await fixture.start(fixture.command(tier, { shape, withoutPermissionModel }));
    return {
      pid: await innermost(live.child.pid ?? 0),
      attempt: (what) => besideNeighbour(host, answerOf(live, program, what)),
      stderr: live.stderr,
      wasOutOfMemory: () => group?.wasOutOfMemory() ?? false,
      end: async () => {
        await live.end();
        group?.remove();
      },
    };
  };
  const close = async (): Promise<void> => {
    await fixture.close();
    await layer.close();
    await host.close();
  };
  return { receipt: host.receipt, guestPath: guestPathInside(tier, staged), token, start, close };
}

/** The attempts as text, for a guest that reads JavaScript. */
async function attemptProgram(): Promise<string> {
  const source = await readFile(new URL('./kernel-attempts.ts', import.meta.url), 'utf8');
  return `${stripTypeScriptTypes(source)}\nexport default attempt;`;
}

async function answerOf({ child, ask }: LiveGuest, program: string, what: KernelAttempt): Promise<unknown> {
  try {
    return await ask(program, what);
  } catch (error) {
    if (child.exitCode === null && child.signalCode === null) throw error;
    return [child.exitCode, child.signalCode];
  }
}

async function besideNeighbour<Seen>(host: Host, attack: Promise<Seen>): Promise<Seen> {
  let isOver = false;
  const over = attack.finally(() => (isOver = true));
  over.catch(() => undefined); // Awaited below, when the call that is under way was answered.
  do await callWell(host);
  while (!isOver);
  return over;
}

async function callWell(host: Host): Promise<void> {
  const ending = JSON.stringify(endingOf(await host.call({ plugin: NEIGHBOUR, tool: 'ping' })));
  if (ending !== '{"kind":"ok","value":"pong"}') throw new Error(`the neighbour's call ended ${ending}`);
}
