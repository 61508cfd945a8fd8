/**
 * `bulkhead repair accept`, `list` and `show`: what becomes of proposals. Accepting publishes the very bytes that were judged, as a release
 * that nobody runs until somebody moves to it.
 */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EvolveError, packProposal, readProposal, type RepairProposal } from '@bulkhead/evolve';
import { createHost } from '@bulkhead/host';
import { loadConfig } from '../config/load-config.ts';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { dataFolder, proposalFolder, proposalsFolder, readSealKey } from '../repair/repair-place.ts';
import { showProposal } from '../repair/show-proposal.ts';
import { explainEvolve } from '../repair/usage-codes.ts';
import { askAdmin, tokenHeaders } from '../remote/ask.ts';
import { RemoteError } from '../remote/remote-error.ts';
import { openRemote, type Remote } from '../remote/remote.ts';
import { print, type ServerOptions } from '../remote/server-verb.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';

const ACCEPTED = 'accepted.json';
const DIGEST_CHARACTERS = 12;

/** Publishes a proposal. @throws {UsageError} for what its user can mend; as `askAdmin`. */
export async function accept(where: string, options: ServerOptions, terminal: Terminal): Promise<number> {
  try {
    const data = dataFolder(options.data);
    const [folder, key] = [await proposalFolder(where, data), await readSealKey(data)];
    const remote = await openRemote(options, process.env);
    tokenHeaders(remote); // Before anything is packed for a server that will not take it.
    const done = terminal.progress(`proving that ${where} is what was judged`);
    const { proposal, bytes } = await packed(folder, key).finally(done);
    await insistOnOrigin(remote, proposal);
    const release = await publish(remote, bytes);
    if (release.digest !== proposal.to.digest) return sayOther(release, proposal, terminal);
    const told = { plugin: proposal.plugin, version: proposal.to.version, digest: proposal.to.digest };
    const line = { ...told, server: remote.server, at: new Date().toISOString() };
    await writeFile(join(folder, ACCEPTED), `${JSON.stringify(line)}\n`);
    print({ terminal, options }, line, ({ plugin, version }) => showAccepted(plugin, version, terminal));
    return EXIT_OK;
  } catch (error) {
    return explainEvolve(error, terminal);
  }
}

type Shown = {
  readonly name: string;
  readonly state: 'waiting' | 'accepted' | 'changed';
  readonly proposal: RepairProposal | undefined;
};

/** Lists proposals, those that were changed among them. @throws {UsageError} where there is no key although there are proposals. */
export async function list(options: ServerOptions, terminal: Terminal): Promise<number> {
  const data = dataFolder(options.data);
  const names = await readdir(proposalsFolder(data)).catch(() => []);
  const shown = names.filter((name) => !name.startsWith('.')).toSorted();
  const key = shown.length === 0 ? undefined : await readSealKey(data);
  const proposals: Shown[] = [];
  for (const name of shown)
    if (key !== undefined) proposals.push(await look(join(proposalsFolder(data), name), { name, key }));
  const value = { proposals: proposals.map(({ proposal, ...one }) => ({ ...one, proposal: proposal ?? null })) };
  print({ terminal, options }, value, () => showList(proposals, terminal));
  return EXIT_OK;
}

/** Shows one. @throws {UsageError} where there is none. */
export async function show(where: string, options: ServerOptions, terminal: Terminal): Promise<number> {
  try {
    const data = dataFolder(options.data);
    const read = await readProposal(await proposalFolder(where, data), await readSealKey(data));
    print({ terminal, options }, read, showProposal);
    return EXIT_OK;
  } catch (error) {
    return explainEvolve(error, terminal);
  }
}

async function packed(folder: string, key: Uint8Array): ReturnType<typeof packProposal> {
  const config = await loadConfig({ flags: { grants: {} }, env: process.env, file: undefined });
  await using host = await createHost({
    spareCount: 0,
    measured: 'lately',
    minTier: config['sandbox.min_tier'],
    untrustedMinTier: config['sandbox.untrusted_min_tier'],
  });
  return await packProposal(folder, { host, key });
}

type Listed = { readonly releases: readonly { readonly version: string; readonly digest: string }[] };

/** A server that has other code under the version that was repaired would get a release that was held against nothing of its. */
async function insistOnOrigin(remote: Remote, { plugin, from }: RepairProposal): Promise<void> {
  const path = `/api/v1/plugins/${encodeURIComponent(plugin)}/releases`;
  const { value } = await askAdmin<Listed>(remote, { path }).catch((error: unknown) => {
    if (error instanceof RemoteError && error.code === 'PLUGIN_NOT_FOUND') return { value: { releases: [] } };
    throw error;
  });
  const there = value.releases.find(({ version }) => version === from.version);
  if (there === undefined || from.digest === null || there.digest === from.digest) return;
  throw new EvolveError(
    'PROPOSAL_CHANGED',
    `the server's ${plugin} ${from.version} has the digest ${there.digest.slice(0, DIGEST_CHARACTERS)}; the proposal was made for ${from.digest.slice(0, DIGEST_CHARACTERS)}. Repair the server's own release`,
  );
}

type Published = { readonly name: string; readonly version: string; readonly digest: string | null };

async function publish(remote: Remote, bytes: Uint8Array): Promise<Published> {
  const archive = { bytes, signature: undefined };
  return (await askAdmin<Published>(remote, { method: 'POST', path: '/api/v1/plugins', archive })).value;
}

function sayOther({ digest }: Published, { to }: RepairProposal, { say, talkColors }: Terminal): number {
  const there = String(digest).slice(0, DIGEST_CHARACTERS);
  const judged = to.digest.slice(0, DIGEST_CHARACTERS);
  say(
    `${talkColors.red('bulkhead:')} the server made a release with the digest ${there}; what was judged has ${judged}. Nobody runs it; do not move to it.`,
  );
  return EXIT_FAILED;
}

function showAccepted(plugin: string, version: string, { result, say, talkColors }: Terminal): void {
  result(plain(`${plugin} ${version} is published`));
  say(talkColors.dim(plain(`Nobody runs it yet. Next: bulkhead upgrade ${plugin} ${version} --gate guard --follow`)));
}

async function look(
  folder: string,
  { name, key }: { readonly name: string; readonly key: Uint8Array },
): Promise<Shown> {
  try {
    const { proposal } = await readProposal(folder, key);
    const isAccepted = (await stat(join(folder, ACCEPTED)).catch(() => undefined)) !== undefined;
    return { name, state: isAccepted ? 'accepted' : 'waiting', proposal };
  } catch (error) {
    if (error instanceof EvolveError) return { name, state: 'changed', proposal: undefined };
    throw error;
  }
}

function showList(proposals: readonly Shown[], { result, say, colors }: Terminal): void {
  if (proposals.length === 0) return say('there is no proposal; `bulkhead repair` makes one');
  const rows = proposals.map(({ name, state, proposal }) => [
    name,
    state,
    proposal === undefined ? '' : `${proposal.plugin} ${proposal.from.version} to ${proposal.to.version}`,
    proposal?.verdict ?? '',
    proposal?.created_at ?? '',
  ]);
  for (const line of tableLines(['proposal', 'state', 'release', 'verdict', 'made'], rows, colors)) result(line);
}
