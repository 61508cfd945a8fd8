/**
 * The asking of a mutation, without what only runs outside of a sandbox: how the entry function is read is handed in, and the form is
 * chosen already. Pure but for the proposer.
 */
import { describeChange } from '../edits/change-summary.ts';
import type { EntryPoint } from '../edits/entry-signature.ts';
import { checkRegions } from '../edits/regions.ts';
import { checkEntry, type EntrySignature } from '../edits/written-entry.ts';
import { EvolveError, type EvolveErrorCode } from '../evolve-error.ts';
import { applyAnswer } from './apply-answer.ts';
import type { MutateRequest, MutationOutcome, Refusal } from './mutate.ts';
import { buildMutatePrompt } from './prompt.ts';
import { addUsage, NO_USAGE, type EditForm, type ProposalRequest, type Proposer } from './proposer.ts';

/**
 * Who proposes, and how the entry function is read: of the parent, and of each change of it.
 *
 * @public
 */
export type MutateParts = {
  readonly proposer: Proposer;
  /** Throws `EvolveError`: `ENTRY_NOT_FOUND`, `SOURCE_INVALID`. */
  readonly readEntry: (source: string, entry: EntryPoint) => EntrySignature;
};

/**
 * How often a proposer is asked again.
 * @public
 */
export const RESAMPLES_MAX = 3;

const TEMPERATURE = 0.7;
const MAX_TOKENS = 4_096;

/**
 * Makes one mutation of the form that is asked for; an answer that cannot be taken is asked for again with the reason.
 *
 * @returns `failed` where none of four answers could be taken, with the reason of each.
 * @throws {EvolveError} `ENTRY_NOT_FOUND`, `SOURCE_INVALID`, `REGION_INVALID` or `PROMPT_TOO_LARGE` for the parent; what the proposer
 *   rejects with but `BACKEND_FAILED`; whatever the signal was aborted with.
 * @public
 */
export async function mutateWith(
  request: MutateRequest & { readonly form: EditForm },
  parts: MutateParts,
  signal: AbortSignal,
): Promise<MutationOutcome> {
  const { parent, fileName, entryName, form } = request;
  const entry = parts.readEntry(parent, { name: entryName, fileName });
  checkRegions(parent, parent);
  const refusals: Refusal[] = [];
  let usage = NO_USAGE;
  for (let attempt = 0; attempt <= RESAMPLES_MAX; attempt += 1) {
    signal.throwIfAborted();
    const asked = proposalRequest(request, { entry, attempt, refusals });
    try {
      const proposal = await parts.proposer.propose(asked, signal);
      usage = addUsage(usage, proposal.usage);
      const source = taken(proposal.text, asked, { entry, readEntry: parts.readEntry });
      return { kind: 'mutated', source, ...describeChange(parent, source, fileName), form, refusals, usage };
    } catch (error) {
      signal.throwIfAborted();
      refusals.push(refusalOf(error, refusals));
    }
  }
  return { kind: 'failed', form, refusals, usage };
}

type Asking = { readonly entry: EntrySignature; readonly attempt: number; readonly refusals: readonly Refusal[] };

function proposalRequest(
  request: MutateRequest & { readonly form: EditForm },
  { entry, attempt, refusals }: Asking,
): ProposalRequest {
  const { parent, fileName, form, seed, inspirations = [] } = request;
  // What a backend failed with is nothing that its model did.
  const told = refusals.filter(({ code }) => code !== 'BACKEND_FAILED').map(({ reason }) => reason);
  return {
    prompt: buildMutatePrompt(parent, inspirations, { entrySignature: entry.text, form, refusals: told }),
    ...{ parent, inspirations, fileName, form },
    seed: `${seed}/${attempt}`,
    temperature: request.temperature ?? TEMPERATURE,
    maxTokens: request.maxTokens ?? MAX_TOKENS,
  };
}

type Kept = { readonly entry: EntrySignature; readonly readEntry: MutateParts['readEntry'] };

function taken(answer: string, { parent, form, fileName }: ProposalRequest, { entry, readEntry }: Kept): string {
  const source = applyAnswer(parent, answer, form);
  if (source === parent) throw new EvolveError('EDIT_EMPTY', 'the edit changes nothing; expected a change');
  checkRegions(parent, source);
  checkEntry(
    entry,
    entryOf(() => readEntry(source, { name: entry.name, fileName })),
  );
  return source;
}

/** That the entry function has gone is a fault of the edit here. */
function entryOf(read: () => EntrySignature): EntrySignature {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof EvolveError) || cause.code !== 'ENTRY_NOT_FOUND') throw cause;
    throw new EvolveError('ENTRY_CHANGED', `after the edit, ${cause.message}`, { cause });
  }
}

/** What an answer can be refused for; everything else is for somebody to mend, and asking again mends nothing. */
const ASKED_AGAIN: readonly EvolveErrorCode[] = [
  'BACKEND_FAILED',
  'EDIT_AMBIGUOUS',
  'EDIT_EMPTY',
  'EDIT_INVALID',
  'EDIT_MISMATCH',
  'EDIT_TOO_LARGE',
  'ENTRY_CHANGED',
  'REGION_CHANGED',
  'SOURCE_INVALID',
];

/** Why an answer is refused, where it is worth asking again; undefined for any other error. */
export function refusalIn(error: unknown): Refusal | undefined {
  if (!(error instanceof EvolveError) || !ASKED_AGAIN.includes(error.code)) return undefined;
  return { code: error.code, reason: error.message };
}

function refusalOf(error: unknown, before: readonly Refusal[]): Refusal {
  const refusal = refusalIn(error);
  if (refusal !== undefined) return refusal;
  const last = before.at(-1);
  if (!(error instanceof EvolveError) || last === undefined) throw error;
  throw new EvolveError(error.code, `${error.message}; the answer before it was refused: ${last.reason}`, {
    cause: error,
  });
}
