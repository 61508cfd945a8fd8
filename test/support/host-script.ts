/**
 * For tests: a host in a process of its own, so that it can be killed, starved, or run as another user or from another
 * checkout. It reads one JSON request as its only argument and writes JSON lines to stdout; stderr is for people.
 *
 *   { verb: "attack", tier }              runs the whole fault matrix; one line { differing, tier, left }
 *   { verb: "install", folder, ... }      one line { state, tier, answer }: a refusal's code is its state
 *   { verb: "hold", tier, folders, ... }  installs, calls `attack` of each without waiting, one line { token }, spins on
 */
import { HostError, createHost, type HostOptions } from '@bulkhead/host';
import { isDeepStrictEqual } from 'node:util';
import type { Tier } from '@bulkhead/protocol';
import { ATTACKS } from '../../fixtures/hostile/expectations.ts';
import { openHostileHost } from '../chaos/matrix/hostile-host.ts';
import { expectedOf, observeAttack } from '../chaos/matrix/observe-attack.ts';
import { openOwnHost } from './own-host.ts';

/** What a test asks of the script. */
export type HostRequest =
  | { readonly verb: 'attack'; readonly tier: Tier }
  | { readonly verb: 'install'; readonly folder: string; readonly options: Pick<HostOptions, 'dataDir' | 'tierMax'> }
  | {
      readonly verb: 'hold';
      readonly folders: readonly string[];
      readonly options: Pick<HostOptions, 'dataDir' | 'tierMax'>;
    }
  | {
      readonly verb: 'reinstall';
      readonly folder: string;
      readonly options: Pick<HostOptions, 'dataDir' | 'tierMax'>;
    };

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Attacks run a few at a time, as in the test. */
const AT_ONCE = 4;

async function attackAll(tier: Tier): Promise<void> {
  const hostile = await openHostileHost(tier);
  const queue = ATTACKS.map((attack, index) => ({ attack, tenant: `tenant-${index}` }));
  const differing: object[] = [];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const seen = await observeAttack(hostile.host, next.attack, next.tenant);
      if (!isDeepStrictEqual(seen, expectedOf(next.attack))) differing.push({ attack: next.attack, seen });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const stray = await hostile.strayGuests();
  const { tier: reached } = hostile.host.receipt;
  say({ tier: reached, differing, stray, left: await hostile.close() });
}

async function installOne(folder: string, options: HostOptions): Promise<void> {
  const host = await createHost(options);
  const { state, name } = await host.install(folder).catch((error: unknown) => ({ state: codeOf(error), name: '' }));
  const outcome = await host.call({ plugin: name, tool: 'ping' });
  say({ state, tier: host.receipt.tier, answer: outcome.ok ? outcome.value : outcome.error.code });
  await host.close();
}

async function hold(folders: readonly string[], options: HostOptions): Promise<void> {
  const { host, token, runFolder } = await openOwnHost(options);
  for (const folder of folders) {
    const { name } = await host.install(folder);
    await host.call({ plugin: name, tool: 'ping' });
    void host.call({ plugin: name, tool: 'attack', timeoutMs: 60_000 });
  }
  say({ token, runFolder });
}

/** Installs the folder again and again, and says each time that it has; for a test that kills it in between. */
async function reinstall(folder: string, options: HostOptions): Promise<void> {
  const host = await createHost(options);
  for (;;) {
    const { state } = await host.install(folder).catch((error: unknown) => ({ state: codeOf(error) }));
    say({ state });
    await host.uninstall('changing');
  }
}

function codeOf(error: unknown): string {
  if (error instanceof HostError) return error.code;
  throw error;
}

const request = JSON.parse(process.argv[2] ?? '') as HostRequest; // Written by the test that starts this.
switch (request.verb) {
  case 'attack':
    await attackAll(request.tier);
    break;
  case 'install':
    await installOne(request.folder, request.options);
    break;
  case 'hold':
    await hold(request.folders, request.options);
    break;
  case 'reinstall':
    await reinstall(request.folder, request.options);
    break;
}
