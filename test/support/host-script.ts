/**
 * For tests: a host in a process of its own, so that it can be killed, starved, or run as another user or from another
 * checkout. It reads one JSON request as its only argument and writes JSON lines to stdout; stderr is for people.
 *
 *   { verb: "attack", tier }              runs the whole fault matrix; one line { tier, differing, stray, left }
 *   { verb: "install", folder, ... }      one line { state, tier, answer }: a refusal's code is its state
 *   { verb: "hold", folders, ... }        installs, calls `attack` of each without waiting, one line { token, runFolder }
 *   { verb: "serve", folders, ... }       installs, one line { tier, above }, then does what each line of stdin asks: a
 *                                         call, or { install: folder } with one line { state }
 *   { verb: "rewrite", folder, ... }      writes and installs a plugin, always another, one line { state } for each
 */
import { HostError, createHost, type CallRequest, type Host, type HostOptions } from '@bulkhead/host';
import type { Tier } from '@bulkhead/protocol';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import { ATTACKS } from '../../fixtures/hostile/expectations.ts';
import { openHostileHost } from '../chaos/matrix/hostile-host.ts';
import { endingOf, expectedOf, observeAttack } from '../chaos/matrix/observe-attack.ts';
import { openOwnHost } from './own-host.ts';

/** Options of createHost that a test sets. */
type Options = Pick<HostOptions, 'dataDir' | 'tierMax' | 'minTier' | 'spareCount'>;

/** What a test asks of the script. */
export type HostRequest = { readonly options: Options } & (
  | { readonly verb: 'attack' }
  | { readonly verb: 'install' | 'rewrite'; readonly folder: string }
  | { readonly verb: 'hold' | 'serve'; readonly folders: readonly string[] }
);

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

type Question = CallRequest | { readonly install: string };

async function serve(folders: readonly string[], options: HostOptions): Promise<void> {
  const host = await createHost(options).catch((error: unknown) => codeOf(error));
  if (typeof host === 'string') return say({ refused: host });
  for (const folder of folders) await host.install(folder);
  const { tier, above } = host.receipt;
  say({ tier, above: above.map((each) => each.tier) });
  for await (const line of createInterface({ input: process.stdin })) {
    const question = JSON.parse(line) as Question; // Written by the test.
    say('install' in question ? await install(host, question.install) : await call(host, question));
  }
  await host.close();
}

/** Tells the state and counters that the call left, too. */
async function call(host: Host, request: CallRequest): Promise<object> {
  const outcome = await host.call(request);
  const { state, error_count: errors } = host.health(request.plugin) ?? {};
  return { ending: endingOf(outcome), state, errors };
}

/** A refusal's code is its state. */
async function install(host: Host, folder: string): Promise<{ readonly state: string }> {
  const { state } = await host.install(folder).catch((error: unknown) => ({ state: codeOf(error) }));
  return { state };
}

/** For a test that kills it somewhere in between. */
async function rewrite(folder: string, options: HostOptions): Promise<void> {
  const host = await createHost(options);
  for (let round = 0; ; round += 1) {
    const main = `export default { tools: [], round: ${round}, text: '${'x'.repeat(20_000)}' };\n`;
    await writeFile(join(folder, 'main.js'), main);
    say(await install(host, folder));
  }
}

function codeOf(error: unknown): string {
  if (error instanceof HostError) return error.code;
  throw error;
}

const request = JSON.parse(process.argv[2] ?? '') as HostRequest; // Written by the test that starts this.
const { options } = request;
switch (request.verb) {
  case 'attack':
    await attackAll(options.tierMax ?? 'jail');
    break;
  case 'install':
    await installOne(request.folder, options);
    break;
  case 'rewrite':
    await rewrite(request.folder, options);
    break;
  case 'hold':
    await hold(request.folders, options);
    break;
  case 'serve':
    await serve(request.folders, options);
    break;
}
