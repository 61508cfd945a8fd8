/**
 * Asks for a patch of one of a plugin's modules and applies it strictly. An answer that does not fit is asked for again with the reason,
 * three times at most, the last two times for the whole new source.
 */
import type { Redact } from '@bulkhead/guard';
import { quoted } from '../edits/edit-bounds.ts';
import { isParsed, parseModule } from '../edits/module-syntax.ts';
import { checkRegions } from '../edits/regions.ts';
import { EvolveError } from '../evolve-error.ts';
import { applyAnswer } from '../mutation/apply-answer.ts';
import { refusalIn, RESAMPLES_MAX } from '../mutation/mutate-with.ts';
import type { Refusal } from '../mutation/mutate.ts';
import { addUsage, NO_USAGE, type Proposer, type ProposalUsage } from '../mutation/proposer.ts';
import { textIn, withText, type PluginTree } from './plugin-tree.ts';
import { buildRepairPrompt, type RepairPrompt } from './repair-prompt.ts';

/** What is asked for, and the seed of its draws. */
export type AskedPatch = Omit<RepairPrompt, 'form'> & { readonly seed: string };

/** What came of it. */
export type PatchOutcome =
  | {
      readonly kind: 'patched';
      readonly tree: PluginTree;
      readonly path: string;
      readonly refusals: readonly Refusal[];
      readonly usage: ProposalUsage;
    }
  | { readonly kind: 'failed'; readonly refusals: readonly Refusal[]; readonly usage: ProposalUsage };

/** Who is asked, and what takes secrets out of what is asked. */
export type PatchParts = { readonly proposer: Proposer; readonly redact: Redact; readonly signal: AbortSignal };

const TEMPERATURE = 0.7;
const MAX_TOKENS = 4_096;
const DIFFS = 2;

/**
 * Asks.
 *
 * @throws {EvolveError} what the proposer rejects with but `BACKEND_FAILED`; `PROMPT_TOO_LARGE`; whatever the signal was aborted with.
 */
export async function proposePatch(asked: AskedPatch, parts: PatchParts): Promise<PatchOutcome> {
  const { proposer, redact, signal } = parts;
  const refusals: Refusal[] = [];
  let usage = NO_USAGE;
  for (let attempt = 0; attempt <= RESAMPLES_MAX; attempt += 1) {
    signal.throwIfAborted();
    const form = attempt < DIFFS ? 'diff' : 'full';
    const told = refusals.filter(({ code }) => code !== 'BACKEND_FAILED').map(({ reason }) => reason);
    const prompt = buildRepairPrompt({ ...asked, form, refusals: [...asked.refusals, ...told] }, redact);
    try {
      const proposal = await proposer.propose(
        {
          ...{ prompt, form, parent: textIn(asked.tree, asked.target), inspirations: [], fileName: asked.target },
          ...{ seed: `${asked.seed}/${attempt}`, temperature: TEMPERATURE, maxTokens: MAX_TOKENS },
        },
        signal,
      );
      usage = addUsage(usage, proposal.usage);
      return { kind: 'patched', ...applyPatch(asked, proposal.text, form), refusals, usage };
    } catch (error) {
      signal.throwIfAborted();
      refusals.push(refusalOf(error));
    }
  }
  return { kind: 'failed', refusals, usage };
}

function applyPatch(
  { tree, target }: Pick<AskedPatch, 'tree' | 'target'>,
  answer: string,
  form: RepairPrompt['form'],
): { readonly tree: PluginTree; readonly path: string } {
  const path = pathIn(answer, tree) ?? target;
  const before = textIn(tree, path);
  const after = applyAnswer(before, answer, form);
  if (after === before) throw new EvolveError('EDIT_EMPTY', 'the edit changes nothing; expected a change');
  checkRegions(before, after);
  checkExports(path, before, after);
  return { tree: withText(tree, path, after), path };
}

/** The module that a diff names; undefined where it names none. */
function pathIn(answer: string, { sources }: PluginTree): string | undefined {
  const named = [...answer.matchAll(/^\+\+\+ (?:b\/)?([^\t\r\n]+)/gm)].map(([, path = '']) => path.trim());
  const [path, ...others] = new Set(named);
  if (path === undefined) return undefined;
  if (others.length > 0) throw new EvolveError('EDIT_INVALID', `the edit changes ${named.length} files; expected one`);
  if (sources.includes(path)) return path;
  const known = sources.slice(0, 10).map((each) => quoted(each));
  throw new EvolveError('EDIT_INVALID', `the edit is of ${quoted(path)}; expected one of ${known.join(', ')}`);
}

/** A source that could not be parsed before says nothing of what it exported. */
function checkExports(path: string, before: string, after: string): void {
  if (!isParsed(path)) return;
  const [was, is] = [exportsOf(path, before), namesIn(path, after)];
  if (was === undefined || was === is) return;
  throw new EvolveError('ENTRY_CHANGED', `${path} exports ${quoted(is)}; expected ${quoted(was)}, as before`);
}

function exportsOf(path: string, source: string): string | undefined {
  try {
    return namesIn(path, source);
  } catch (error) {
    if (error instanceof EvolveError && error.code === 'SOURCE_INVALID') return undefined;
    throw error;
  }
}

function namesIn(path: string, source: string): string {
  return parseModule(source, path)
    .exports.map(({ name }) => name)
    .toSorted()
    .join(', ');
}

function refusalOf(error: unknown): Refusal {
  const refusal = refusalIn(error);
  if (refusal === undefined) throw error;
  return refusal;
}
