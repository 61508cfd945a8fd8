/**
 * Whether a candidate repairs: each step refuses it with a reason for people, and with one for prompts that holds nothing hidden.
 *
 *   starts ─▶ same tools ─▶ shown calls: those that must stay, stay; those that fail pass, twice ─▶ the same of hidden ones ─▶ guard
 *
 * No hidden call is run before all that a prompt may be told of this candidate is known: what it answers to a shown call cannot hold what it
 * was given in a hidden one. What a guest prints, how it exits and what it says of itself is never looked at.
 */
import type { EvaluationClock, Redact } from '@bulkhead/guard';
import type { Harness } from '@bulkhead/host';
import { canonicalJson, type WireTool } from '@bulkhead/protocol';
import { askPatiently, holds } from './ask-tool.ts';
import { shownJson } from './call-redaction.ts';
import { compareRepaired, type ToolComparison } from './compare-repaired.ts';
import type { PluginTree } from './plugin-tree.ts';
import { publishCandidate, type RepairBench } from './repair-release.ts';
import { answerText, expectationText, type JudgedCall } from './reproduce.ts';
import type { SplitCalls } from './split-calls.ts';

/** By what a candidate is judged. `tools` are those of the plugin as it is, undefined where it does not start. */
export type JudgingParts = {
  readonly bench: RepairBench;
  readonly failing: SplitCalls<JudgedCall>;
  readonly passing: SplitCalls<JudgedCall>;
  readonly tools: readonly WireTool[] | undefined;
  readonly from: string;
  readonly seed: number;
  readonly cases: number;
  readonly clock: EvaluationClock;
  readonly redact: Redact;
  readonly signal: AbortSignal;
  readonly didProgress: (progress: { readonly done: number; readonly total: number }) => void;
};

/**
 * Where a candidate was refused.
 * @public
 */
export type RefusedAt = 'form' | 'known' | 'start' | 'tools' | 'flip' | 'failing' | 'hidden' | 'guard';

/** `solved`: shown failing calls that pass, which is how far a candidate came that changes nothing else. */
export type CandidateVerdict =
  | {
      readonly kind: 'refused';
      readonly at: RefusedAt;
      readonly reason: string;
      readonly feedback: string;
      readonly solved: number;
    }
  | { readonly kind: 'proved'; readonly digest: string; readonly comparisons: readonly ToolComparison[] };

const ROUNDS = 2;
/** Calls that are named, and after how many that went wrong, or hung, no more are run. */
const MISSES_MAX = 5;
const HANGS_MAX = 2;
const PARAMS_CHARACTERS_MAX = 300;

/** Judges it. @throws the reason of the signal once it has fired; what the host rejects with for no fault of the candidate. */
export async function judgeCandidate(tree: PluginTree, parts: JudgingParts): Promise<CandidateVerdict> {
  const { bench, redact } = parts;
  const { digest, failure } = await publishCandidate(bench, tree);
  if (digest === undefined || failure !== undefined) {
    return refused('start', redact(`it does not start: ${failure ?? 'nobody knows why'}`));
  }
  const early = await judgeInHarness(tree, parts);
  if (early !== undefined) return early;
  const comparisons = await compare(tree, parts);
  const worse = comparisons.find(({ verdict }) => verdict === 'reject');
  if (worse === undefined) return { kind: 'proved', digest, comparisons };
  return {
    ...refused('guard', `guard: ${worse.reasons.slice(0, MISSES_MAX).join('; ')}`),
    feedback: 'Calls that were made from the schemas of the tools went worse than before.',
  };
}

async function judgeInHarness(tree: PluginTree, parts: JudgingParts): Promise<CandidateVerdict | undefined> {
  await using harness = await parts.bench.host.openHarness({ plugin: tree.name, version: tree.version });
  const early = (await judgeTools(harness, parts)) ?? (await judgeShownFlips(harness, parts));
  if (early !== undefined) return early;
  const failing = await judgeFailing(harness, parts);
  return (await judgeHiddenFlips(harness, parts)) ?? failing ?? (await judgeHidden(harness, parts));
}

async function judgeTools(
  harness: Harness,
  { tools: before, redact }: JudgingParts,
): Promise<CandidateVerdict | undefined> {
  const after = await harness
    .tools()
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (typeof after === 'string') return refused('start', redact(`it does not start: ${after}`));
  if (before === undefined) return undefined;
  const changed = changedTool(before, after);
  return changed === undefined ? undefined : refused('tools', `it changes what tool ${changed} declares`);
}

function changedTool(before: readonly WireTool[], after: readonly WireTool[]): string | undefined {
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  const of = (tools: readonly WireTool[], name: string): string =>
    canonicalJson({ ...tools.find((tool) => tool.name === name) });
  return names.find((name) => of(before, name) !== of(after, name));
}

async function judgeShownFlips(harness: Harness, parts: JudgingParts): Promise<CandidateVerdict | undefined> {
  const { misses } = await missesIn(harness, { calls: parts.passing.visible, rounds: 1 }, parts);
  return misses.length === 0 ? undefined : refused('flip', `it flips ${misses.join('; ')}`);
}

async function judgeHiddenFlips(harness: Harness, parts: JudgingParts): Promise<CandidateVerdict | undefined> {
  const { misses } = await missesIn(harness, { calls: parts.passing.hidden, rounds: 1 }, parts);
  if (misses.length === 0) return undefined;
  return {
    ...refused('flip', `it flips ${misses.join('; ')}`),
    feedback: 'It flips a call that passes now and is not shown.',
  };
}

async function judgeFailing(harness: Harness, parts: JudgingParts): Promise<CandidateVerdict | undefined> {
  const { visible } = parts.failing;
  const { misses, held } = await missesIn(harness, { calls: visible, rounds: ROUNDS }, parts);
  if (misses.length === 0) return undefined;
  return { ...refused('failing', `it still fails ${misses.join('; ')}`), solved: held };
}

async function judgeHidden(harness: Harness, parts: JudgingParts): Promise<CandidateVerdict | undefined> {
  const { misses } = await missesIn(harness, { calls: parts.failing.hidden, rounds: ROUNDS }, parts);
  if (misses.length === 0) return undefined;
  return {
    ...refused('hidden', `it mends the shown calls and not those that are hidden: ${misses.join('; ')}`),
    feedback: 'It mends the shown calls, and others of their kind still fail: mend the cause.',
  };
}

type Missed = { readonly misses: readonly string[]; readonly held: number };

/** Calls that are not answered as expected, each time, in words; `held` are those that are. */
async function missesIn(
  harness: Harness,
  { calls, rounds }: { readonly calls: readonly JudgedCall[]; readonly rounds: number },
  { redact, signal }: JudgingParts,
): Promise<Missed> {
  const misses: string[] = [];
  let [held, hangs] = [0, 0];
  for (const call of calls) {
    if (misses.length >= MISSES_MAX || hangs >= HANGS_MAX) break;
    let isHeld = true;
    for (let round = 0; round < rounds && isHeld; round += 1) {
      const answer = await askPatiently(harness, call, signal);
      isHeld = holds(call.expect, answer);
      if (answer.kind === 'error' && answer.isHang) hangs += 1;
      if (!isHeld) {
        const shown = `${call.tool} ${shownJson(call.params, redact, PARAMS_CHARACTERS_MAX)}`;
        misses.push(`${shown}: expected ${expectationText(call.expect, redact)}, got ${answerText(answer, redact)}`);
      }
    }
    if (isHeld) held += 1;
  }
  return { misses, held };
}

/** There is nothing to compare with where the plugin does not start. */
function compare(tree: PluginTree, parts: JudgingParts): Promise<readonly ToolComparison[]> {
  const { bench, tools, failing, passing, ...rest } = parts;
  if (tools === undefined) return Promise.resolve([]);
  return compareRepaired({
    ...rest,
    host: bench.host,
    plugin: tree.name,
    to: tree.version,
    tools: tools.map(({ name }) => name),
    failing: [...failing.visible, ...failing.hidden],
    passing: [...passing.visible, ...passing.hidden],
  });
}

function refused(at: RefusedAt, reason: string): Extract<CandidateVerdict, { readonly kind: 'refused' }> {
  return { kind: 'refused', at, reason, feedback: reason, solved: 0 };
}
