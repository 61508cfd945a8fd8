/**
 * Mends a plugin that fails: a patch is proposed, applied strictly, run in the sandbox on calls that failed and on calls that must stay,
 * and held against the plugin as it is by guard. What comes of it is a proposal; nothing is applied.
 *
 *   folder, calls ─▶ run as it is: failing, passing ─▶ a share of both is hidden
 *     └─▶ prompt ─▶ patch ─▶ judged ─refused─▶ the reason goes into the next prompt, until the budget is used
 *                              └─proved─▶ proposal
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { EvaluationClock, Redact } from '@bulkhead/guard';
import type { JsonObject, WireTool } from '@bulkhead/protocol';
import { unifiedDiff } from '../edits/change-summary.ts';
import { EvolveError } from '../evolve-error.ts';
import { addUsage, NO_USAGE, type Proposer, type ProposalUsage } from '../mutation/proposer.ts';
import { createCallRedaction } from './call-redaction.ts';
import { chooseTarget } from './choose-target.ts';
import type { ToolComparison } from './compare-repaired.ts';
import { judgeCandidate, type CandidateVerdict, type JudgingParts, type RefusedAt } from './judge-candidate.ts';
import { nextPatchVersion, readPluginTree, textIn, withVersion, type PluginTree } from './plugin-tree.ts';
import { proposePatch } from './propose-patch.ts';
import type { RepairCall } from './repair-calls.ts';
import type { BestPatch } from './repair-prompt.ts';
import {
  insistOnNoPlugin,
  publishOriginal,
  type PublishedTree,
  type RepairBench,
  type RepairHost,
} from './repair-release.ts';
import { reproduce, reproduceNone, type JudgedCall, type Reproduced } from './reproduce.ts';
import { splitCalls, type SplitCalls } from './split-calls.ts';

/**
 * What is to be repaired. `reason` is why the plugin failed; `version` is that of the release that is proposed, the next patch version
 * where it is left out; `config` is how the plugin is configured where it serves. `evaluations`, tokens and dollars are the budget, and
 * `cases` how many calls guard makes and runs at most for each comparison, 300 where it is left out.
 *
 * @public
 */
export type RepairRequest = {
  readonly folder: string;
  readonly calls: readonly RepairCall[];
  readonly reason?: string;
  readonly version?: string;
  readonly config?: JsonObject;
  readonly seed: number;
  readonly evaluations: number;
  readonly tokensMax?: number;
  readonly usdMax?: number;
  readonly cases?: number;
};

/**
 * With what it is done. The host is one of the repair's own, which has no plugin of the name; `workFolder` is a folder for candidates,
 * which whoever made it removes.
 *
 * @public
 */
export type RepairParts = {
  readonly host: RepairHost;
  readonly proposer: Proposer;
  readonly clock: EvaluationClock;
  readonly workFolder: string;
  readonly signal: AbortSignal;
  readonly didProgress?: (progress: RepairProgress) => void;
};

/**
 * How far it is.
 * @public
 */
export type RepairProgress =
  | { readonly kind: 'reproduced'; readonly failing: number; readonly passing: number; readonly left: number }
  | { readonly kind: 'judged'; readonly candidate: RepairCandidate; readonly of: number }
  | { readonly kind: 'comparing'; readonly done: number; readonly total: number };

/**
 * A candidate; `at` is where it was refused, and `reason` why.
 * @public
 */
export type RepairCandidate = {
  readonly evaluation: number;
  readonly file: string | undefined;
  readonly at: RefusedAt | 'proved';
  readonly reason: string;
};

/**
 * How many calls of each kind there were; `left` could not be judged.
 * @public
 */
export type RepairCounts = {
  readonly failing: { readonly visible: number; readonly hidden: number };
  readonly passing: { readonly visible: number; readonly hidden: number };
  readonly left: number;
};

/**
 * A patch that was proved. `verdict` is guard's: `inconclusive` where there was too little to compare on.
 * @public
 */
export type ProvedRepair = {
  readonly kind: 'proved';
  readonly original: PluginTree;
  readonly repaired: PluginTree;
  readonly file: string;
  readonly fromDigest: string | undefined;
  readonly toDigest: string;
  readonly verdict: 'adopt' | 'inconclusive';
  readonly comparisons: readonly ToolComparison[];
  readonly redact: Redact;
} & RepairTold;

/**
 * What is told of any repair.
 * @public
 */
export type RepairTold = {
  readonly reason: string;
  readonly seed: number;
  readonly counts: RepairCounts;
  readonly candidates: readonly RepairCandidate[];
  readonly usage: ProposalUsage;
  readonly tier: string;
};

/**
 * What came of it. `none`: `why` says whether nothing fails, or nothing was found.
 * @public
 */
export type RepairOutcome = ProvedRepair | ({ readonly kind: 'none'; readonly why: string } & RepairTold);

const CASES = 300;

/**
 * Repairs.
 *
 * @throws {EvolveError} `REPAIR_INVALID` for a folder, a host or calls that no repair can begin with; what the proposer rejects with but
 *   `BACKEND_FAILED`; whatever the signal was aborted with.
 * @public
 */
export async function repairPlugin(request: RepairRequest, parts: RepairParts): Promise<RepairOutcome> {
  insistOnRequest(request);
  const original = await readPluginTree(request.folder);
  insistOnNoPlugin(parts.host, original.name);
  const redact = createCallRedaction(request.calls);
  const { host, workFolder, signal } = parts;
  const bench: RepairBench = { host, folder: join(workFolder, original.name), config: request.config };
  try {
    const now = await runAsItIs({ request, original, bench, redact, signal });
    parts.didProgress?.({
      kind: 'reproduced',
      failing: now.reproduced.failing.length,
      passing: now.reproduced.passing.length,
      left: now.reproduced.left,
    });
    return await search({ request, parts, original, bench, redact, now });
  } finally {
    await host.uninstall(original.name);
  }
}

function insistOnRequest({ calls, evaluations }: RepairRequest): void {
  if (calls.length === 0) throw new EvolveError('REPAIR_INVALID', 'there are 0 calls to judge by; expected at least 1');
  if (Number.isSafeInteger(evaluations) && evaluations >= 1 && evaluations <= EVALUATIONS_MAX) return;
  throw new EvolveError('REPAIR_INVALID', `evaluations is ${evaluations}; expected 1 to ${EVALUATIONS_MAX}`);
}

const EVALUATIONS_MAX = 10_000;

type AsItIs = {
  readonly published: PublishedTree;
  readonly reproduced: Reproduced;
  readonly tools: readonly WireTool[] | undefined;
  readonly reason: string;
  /** What is known of why it fails, stacks among it. */
  readonly told: readonly string[];
};

type Running = {
  readonly request: RepairRequest;
  readonly original: PluginTree;
  readonly bench: RepairBench;
  readonly redact: Redact;
  readonly signal: AbortSignal;
};

async function runAsItIs({ request, original, bench, redact, signal }: Running): Promise<AsItIs> {
  const { calls, reason = '' } = request;
  const published = await publishOriginal(bench, original);
  if (published.failure !== undefined) {
    const told = { reason: published.failure, told: [published.failure, reason] };
    return { published, reproduced: reproduceNone(calls, redact(published.failure)), tools: undefined, ...told };
  }
  await using harness = await bench.host.openHarness({ plugin: original.name, version: original.version });
  const tools = await harness.tools();
  const reproduced = await reproduce(calls, { harness, redact, signal });
  const stacks = await stacksOf(reproduced.failing, { bench, name: original.name, signal });
  const told = [...stacks, reason, ...reproduced.failing.map(({ now }) => now)];
  return { published, reproduced, tools, reason, told };
}

const STACKS_MAX = 3;
const LINES_MAX = 200;

/** A harness keeps no log, so calls that throw are made once more of the plugin itself, which is granted nothing either. */
async function stacksOf(
  failing: readonly JudgedCall[],
  {
    bench: { host },
    name,
    signal,
  }: { readonly bench: RepairBench; readonly name: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const thrown = failing.filter(({ now }) => now.startsWith('error PLUGIN_THREW')).slice(0, STACKS_MAX);
  for (const { tool, params } of thrown) await host.call({ plugin: name, tool, params, signal });
  if (thrown.length === 0) return [];
  const { lines } = host.logs.read(name, { tenant: 'default', linesMax: LINES_MAX, isPlatform: true });
  return lines.map(({ text, fields }) => `${text}\n${JSON.stringify(fields ?? {}).replaceAll('\\n', '\n')}`);
}

type Searching = {
  readonly request: RepairRequest;
  readonly parts: RepairParts;
  readonly original: PluginTree;
  readonly bench: RepairBench;
  readonly redact: Redact;
  readonly now: AsItIs;
};

/** What a search has come to. */
type Found = {
  best: BestPatch | undefined;
  readonly candidates: RepairCandidate[];
  readonly feedback: string[];
  readonly known: Set<string>;
  usage: ProposalUsage;
};

async function search(searching: Searching): Promise<RepairOutcome> {
  const { request, parts, original, now, redact } = searching;
  const failing = splitCalls(now.reproduced.failing, request.seed);
  const passing = splitCalls(now.reproduced.passing, request.seed);
  const told = (found: Pick<Found, 'candidates' | 'usage'>): RepairTold => ({
    reason: redact(now.reason),
    seed: request.seed,
    counts: { failing: sizesOf(failing), passing: sizesOf(passing), left: now.reproduced.left },
    candidates: found.candidates,
    usage: found.usage,
    tier: parts.host.receipt.tier,
  });
  const known = new Set([treeDigest(original)]);
  const found: Found = { best: undefined, candidates: [], feedback: [], known, usage: NO_USAGE };
  if (now.reproduced.failing.length === 0) {
    return { kind: 'none', why: nothingFails(now.reproduced), ...told(found) };
  }
  const judging = { ...judgingOf(searching), failing, passing };
  const target = chooseTarget(original, { told: now.told, tools: failing.visible.map(({ tool }) => tool) });
  for (let evaluation = 1; evaluation <= request.evaluations && hasBudget(request, found.usage); evaluation += 1) {
    const proved = await tryOne(searching, found, { judging, target, evaluation });
    if (proved === 'exhausted') break;
    if (proved !== undefined) return { ...provedOf(searching, proved), ...told(found) };
  }
  return { kind: 'none', why: `none of ${found.candidates.length} patches was proved`, ...told(found) };
}

function nothingFails({ passing, left }: Reproduced): string {
  const more = left === 0 ? '' : `, and ${left} could not be judged: nothing is granted here`;
  return `no call fails: ${passing.length} are answered as expected${more}`;
}

function judgingOf({
  request,
  parts,
  original,
  bench,
  redact,
  now,
}: Searching): Omit<JudgingParts, 'failing' | 'passing'> {
  const { clock, signal, didProgress } = parts;
  return {
    ...{ bench, clock, redact, signal, tools: now.tools, from: original.version, seed: request.seed },
    cases: request.cases ?? CASES,
    didProgress: ({ done, total }) => didProgress?.({ kind: 'comparing', done, total }),
  };
}

type Trying = { readonly judging: JudgingParts; readonly target: string; readonly evaluation: number };
type Proved = {
  readonly tree: PluginTree;
  readonly path: string;
  readonly verdict: Extract<CandidateVerdict, { readonly kind: 'proved' }>;
};

/** One patch. `exhausted`: whoever proposes has no more answers, which ends a search and is no mistake. */
async function tryOne(searching: Searching, found: Found, trying: Trying): Promise<Proved | 'exhausted' | undefined> {
  const { request, parts, redact } = searching;
  const { judging, target, evaluation } = trying;
  try {
    const patch = await proposePatch(
      {
        ...{ tree: searching.original, target, reason: searching.now.reason, seed: `${request.seed}/${evaluation}` },
        ...{ failing: judging.failing.visible, passing: judging.passing.visible, refusals: found.feedback },
        best: found.best,
      },
      { proposer: parts.proposer, redact, signal: parts.signal },
    );
    found.usage = addUsage(found.usage, patch.usage);
    if (patch.kind === 'failed') {
      const reason = redact(patch.refusals.at(-1)?.reason ?? 'no answer could be taken');
      note(searching, found, { evaluation, file: undefined, at: 'form', reason });
      return undefined;
    }
    return await judgeOne(searching, found, { ...trying, tree: patch.tree, path: patch.path });
  } catch (error) {
    if (error instanceof EvolveError && error.code === 'SCRIPT_EXHAUSTED' && evaluation > 1) return 'exhausted';
    throw error;
  }
}

async function judgeOne(
  searching: Searching,
  found: Found,
  trying: Trying & { readonly tree: PluginTree; readonly path: string },
): Promise<Proved | undefined> {
  const { request, original, bench } = searching;
  const { evaluation, tree: patched, path, judging } = trying;
  const told = { evaluation, file: path };
  const digest = treeDigest(patched);
  if (found.known.has(digest)) {
    note(searching, found, { ...told, at: 'known', reason: 'it is a patch that was refused before' });
    return undefined;
  }
  found.known.add(digest);
  if (found.known.size > FIRST_AND_ORIGINAL) await publishOriginal(bench, original);
  const tree = withVersion(patched, request.version ?? nextPatchVersion(original.version));
  const verdict = await judgeCandidate(tree, judging);
  if (verdict.kind === 'proved') {
    note(searching, found, { ...told, at: 'proved', reason: '' });
    return { tree, path, verdict };
  }
  found.feedback.push(verdict.feedback);
  note(searching, found, { ...told, at: verdict.at, reason: verdict.reason });
  if (verdict.at === 'failing' && verdict.solved > (found.best?.solved ?? 0)) {
    const diff = unifiedDiff(textIn(original, path), textIn(patched, path), path);
    found.best = { diff, solved: verdict.solved };
  }
  return undefined;
}

/** Up to here the original stands in the host as it was published first. */
const FIRST_AND_ORIGINAL = 2;

function note({ request, parts }: Searching, { candidates }: Found, candidate: RepairCandidate): void {
  candidates.push(candidate);
  parts.didProgress?.({ kind: 'judged', candidate, of: request.evaluations });
}

function provedOf(
  { original, redact, now }: Searching,
  { tree, path, verdict: { digest, comparisons } }: Proved,
): Omit<ProvedRepair, keyof RepairTold> {
  const isShown = comparisons.length > 0 && comparisons.every(({ verdict }) => verdict === 'adopt');
  return {
    ...{ kind: 'proved', original, repaired: tree, file: path, redact, comparisons },
    fromDigest: now.published.digest,
    toDigest: digest,
    verdict: isShown ? 'adopt' : 'inconclusive',
  };
}

function hasBudget({ tokensMax, usdMax }: RepairRequest, usage: ProposalUsage): boolean {
  const tokens = usage.inputTokens + usage.outputTokens;
  return (tokensMax === undefined || tokens < tokensMax) && (usdMax === undefined || usage.costUsd < usdMax);
}

function sizesOf<Call>({ visible, hidden }: SplitCalls<Call>): { readonly visible: number; readonly hidden: number } {
  return { visible: visible.length, hidden: hidden.length };
}

function treeDigest({ files, sources }: PluginTree): string {
  const hash = createHash('sha256');
  for (const path of sources)
    hash
      .update(`${path}\0`)
      .update(files.get(path) ?? '')
      .update('\0');
  return hash.digest('hex');
}
