/**
 * The folder of a proposal:
 *
 *   proposal.json   what was found out, sealed          patch.diff   the change, without what looks like a secret
 *   report.md       the same for people                 source/      the patched plugin, as it was judged
 *   guard_same.html .json .md, guard_valid.html .json .md            guard's reports of its comparisons
 */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseReport, redactReport, renderHtml, renderMarkdown, type Redact } from '@bulkhead/guard';
import type { Host } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { unifiedDiff } from '../edits/change-summary.ts';
import { EvolveError } from '../evolve-error.ts';
import { readBounded } from '../mutation/read-bounded.ts';
import type { ToolComparison } from './compare-repaired.ts';
import { textIn, writePluginTree } from './plugin-tree.ts';
import { parseProposal, sealProposal, sha256Of, type RepairProposal } from './proposal.ts';
import { renderProposal } from './render-proposal.ts';
import type { ProvedRepair } from './repair.ts';

/**
 * Where it is written, by which backend the patch was proposed, when, in milliseconds since 1970, and the key that it is sealed with.
 * @public
 */
export type ProposalPlace = {
  readonly folder: string;
  readonly backend: string;
  readonly now: number;
  readonly key: Uint8Array;
};

/**
 * A proposal and its patch.
 * @public
 */
export type ReadProposal = { readonly proposal: RepairProposal; readonly patch: string };

const DOCUMENT = 'proposal.json';
const PATCH = 'patch.diff';
const REPORT = 'report.md';
const SOURCE = 'source';
const FILE_BYTES_MAX = 64 * 1024 * 1024;
const CASES_FROM = 'calls that must stay, and schemas of tools';

/**
 * Writes a proposal; the folder is there whole or not at all.
 *
 * @throws {EvolveError} `TARGET_INVALID` where the folder is there already, or cannot be written.
 * @public
 */
export async function writeProposal(repair: ProvedRepair, place: ProposalPlace): Promise<RepairProposal> {
  const { folder } = place;
  const draft = join(dirname(folder), `.${basename(folder)}.draft`);
  try {
    await insistOnNew(folder);
    await mkdir(dirname(folder), { recursive: true });
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft);
    const proposal = await writeInto(draft, repair, place);
    await rename(draft, folder);
    return proposal;
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new EvolveError('TARGET_INVALID', `${folder} cannot be written (${String(Reflect.get(cause, 'code'))})`, {
      cause,
    });
  } finally {
    // Where it cannot be taken away it was never made, which is what is told above.
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * Reads the proposal of a folder, and holds every file that was judged to its digest.
 *
 * @throws {EvolveError} `PROPOSAL_INVALID` where it cannot be read; `PROPOSAL_CHANGED` where anything is not as it was judged.
 * @public
 */
export async function readProposal(folder: string, key: Uint8Array): Promise<ReadProposal> {
  const proposal = parseProposal(await readText(folder, DOCUMENT), { file: join(folder, DOCUMENT), key });
  const patch = await readText(folder, PATCH);
  if (sha256Of(patch) !== proposal.patch_sha256) throw changed(join(folder, PATCH));
  const found = await filesBelow(join(folder, SOURCE));
  const extra = found.find((path) => !Object.hasOwn(proposal.files, path));
  if (extra !== undefined) throw changed(join(folder, SOURCE, extra));
  for (const [path, digest] of Object.entries(proposal.files)) {
    const read = await readBounded(join(folder, SOURCE, path), FILE_BYTES_MAX);
    if (read.kind !== 'read' || sha256Of(read.bytes) !== digest) throw changed(join(folder, SOURCE, path));
  }
  return { proposal, patch };
}

/**
 * Packs the patched plugin and proves, by publishing the very bytes to a host of one's own, that they have the digest that was judged.
 *
 * @throws {EvolveError} as {@link readProposal}; {HostError} where it cannot be packed.
 * @public
 */
export async function packProposal(
  folder: string,
  { host, key }: { readonly host: Pick<Host, 'publish' | 'uninstall'>; readonly key: Uint8Array },
): Promise<ReadProposal & { readonly bytes: Uint8Array }> {
  const read = await readProposal(folder, key);
  const { plugin, to } = read.proposal;
  const { packPlugin } = await import('@bulkhead/host'); // Much to load, and only whoever accepts packs.
  const { bytes } = await packPlugin(join(folder, SOURCE), { isPublished: false });
  const published = await host.publish({ bytes });
  await host.uninstall(published.name);
  if (published.name === plugin && published.version === to.version && published.digest === to.digest) {
    return { ...read, bytes };
  }
  throw new EvolveError(
    'PROPOSAL_CHANGED',
    `${folder} is ${published.name} ${published.version} with the digest ${String(published.digest).slice(0, 12)}; what was judged is ${plugin} ${to.version} with ${to.digest.slice(0, 12)}. Repair the plugin again`,
  );
}

async function writeInto(draft: string, repair: ProvedRepair, place: ProposalPlace): Promise<RepairProposal> {
  const patch = patchOf(repair);
  const proposal = sealProposal(documentOf(repair, place, patch), place.key);
  await writePluginTree(repair.repaired, join(draft, SOURCE));
  await writeFile(join(draft, PATCH), patch);
  await writeFile(join(draft, DOCUMENT), `${JSON.stringify(proposal, undefined, 2)}\n`);
  await writeFile(join(draft, REPORT), renderProposal(proposal, patch));
  for (const comparison of repair.comparisons) await writeGuardReport(draft, comparison, repair.redact);
  return proposal;
}

function documentOf(repair: ProvedRepair, place: ProposalPlace, patch: string): Omit<RepairProposal, 'seal'> {
  const { original, repaired, usage, redact } = repair;
  const files = [...repaired.files].map(([path, bytes]) => [path, sha256Of(bytes)]);
  return {
    schema_version: 1,
    plugin: original.name,
    from: { version: original.version, digest: repair.fromDigest ?? null },
    to: { version: repaired.version, digest: repair.toDigest },
    file: repair.file,
    reason: repair.reason,
    verdict: repair.verdict,
    evidence: evidenceOf(repair),
    candidates: repair.candidates.map(({ evaluation, file, at, reason }) => ({
      evaluation,
      ...(file !== undefined && { file }),
      at,
      reason: redact(reason),
    })),
    seed: repair.seed,
    backend: redact(place.backend),
    usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, cost_usd: usage.costUsd },
    tier: repair.tier,
    created_at: new Date(place.now).toISOString(),
    patch_sha256: sha256Of(patch),
    files: Object.fromEntries(files) as Record<string, string>, // Pairs of two texts.
  };
}

function evidenceOf({ counts, comparisons, redact }: ProvedRepair): JsonObject {
  const { failing, passing, left } = counts;
  return {
    failing: { ...failing, passed: failing.visible + failing.hidden },
    passing: { ...passing, flips: 0 },
    left,
    comparisons: comparisons.map(({ tools, answers, verdict, reasons, cases, changed: altered }) => ({
      ...{ tools, answers, verdict, cases, changed: altered },
      reasons: reasons.map((reason) => redact(reason)),
    })),
  };
}

/** Of the module and of the manifest. */
function patchOf({ original, repaired, file, redact }: ProvedRepair): string {
  const paths = [...new Set([file, original.manifestPath])];
  return redact(paths.map((path) => unifiedDiff(textIn(original, path), textIn(repaired, path), path)).join(''));
}

async function writeGuardReport(folder: string, { report, answers }: ToolComparison, redact: Redact): Promise<void> {
  if (report['decision'] === undefined) return; // There was no case to compare on.
  const parsed = parseReport(JSON.stringify({ ...report, cases_from: CASES_FROM }));
  const shown = redactReport(parsed, redact);
  const path = (ending: string): string => join(folder, `guard_${answers}${ending}`);
  await writeFile(path('.json'), `${JSON.stringify(shown, undefined, 2)}\n`);
  await writeFile(path('.html'), renderHtml(shown));
  await writeFile(path('.md'), renderMarkdown(shown));
}

/**
 * Insists that a proposal can go there: nothing is, or an empty folder, which `rename` takes the place of.
 *
 * @throws {EvolveError} `TARGET_INVALID` where anything is there, a file not the least.
 */
async function insistOnNew(folder: string): Promise<void> {
  try {
    if ((await readdir(folder)).length === 0) return;
  } catch (cause) {
    const code = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
    if (code === 'ENOENT') return;
    const what = code === 'ENOTDIR' ? 'is no folder, or lies in none' : `cannot be read (${String(code)})`;
    throw new EvolveError('TARGET_INVALID', `${folder} ${what}; expected a new folder`, { cause });
  }
  throw new EvolveError('TARGET_INVALID', `${folder} is not empty; expected a new folder`);
}

async function readText(folder: string, name: string): Promise<string> {
  const read = await readBounded(join(folder, name), FILE_BYTES_MAX);
  if (read.kind === 'read') return new TextDecoder().decode(read.bytes);
  throw new EvolveError('PROPOSAL_INVALID', `${join(folder, name)} cannot be read; expected a proposal of a repair`);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new EvolveError('PROPOSAL_INVALID', `${folder} cannot be read; expected the patched plugin`, { cause });
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function changed(path: string): EvolveError {
  return new EvolveError('PROPOSAL_CHANGED', `${path} is not as it was judged. Repair the plugin again`);
}
