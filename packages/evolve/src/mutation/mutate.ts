/**
 * One mutation of a source:
 *
 *   form (drawn) ─▶ prompt ─▶ proposer ─▶ edit, strictly applied ─▶ regions and entry as before ─▶ mutation
 *        └──────────── refused: asked again with the reason, three times at most ◀────────────┘
 *
 * It judges nothing but the form: whether the mutation is any good is for whoever runs it.
 */
import { createRandom } from '@bulkhead/guard/statistics';
import { describeChange, type ChangeSummary } from '../edits/change-summary.ts';
import { checkEntry, readEntry, type EntrySignature } from '../edits/entry-signature.ts';
import { checkRegions } from '../edits/regions.ts';
import { EvolveError, type EvolveErrorCode } from '../evolve-error.ts';
import { applyAnswer } from './apply-answer.ts';
import { buildMutatePrompt } from './prompt.ts';
import {
  addUsage,
  NO_USAGE,
  type EditForm,
  type ProposalRequest,
  type Proposer,
  type ProposalUsage,
} from './proposer.ts';

/**
 * What is to be mutated. `form` is drawn by the seed where it is left out: a diff of 0.6, a whole source of 0.3, a crossover of 0.1,
 * which without inspirations is a diff.
 *
 * @public
 */
export type MutateRequest = {
  readonly parent: string;
  /** Says in which language it is; nothing is read or written. */
  readonly fileName: string;
  readonly entryName: string;
  readonly seed: number | string;
  readonly inspirations?: readonly string[];
  readonly form?: EditForm;
  /** How often each form is drawn, as shares of their sum, which is above 0. */
  readonly shares?: Readonly<Record<EditForm, number>>;
  /** 0.7 where it is left out (X000-19). */
  readonly temperature?: number;
  /** 4,096 where it is left out (X000-19). */
  readonly maxTokens?: number;
  /** Reads the entry of a source, as `readEntry` does, for whoever remembers what it has read. */
  readonly entryIn?: (source: string) => EntrySignature;
};

/**
 * Why an answer was not taken.
 * @public
 */
export type Refusal = { readonly code: EvolveErrorCode; readonly reason: string };

/**
 * What came of it. Usage is that of all answers, whether they were taken or not; `diff` is of the change as it is, in whichever form it
 * was proposed.
 *
 * @public
 */
export type MutationOutcome =
  | {
      readonly kind: 'mutated';
      readonly source: string;
      readonly diff: string;
      readonly summary: ChangeSummary;
      readonly form: EditForm;
      readonly refusals: readonly Refusal[];
      readonly usage: ProposalUsage;
    }
  | {
      readonly kind: 'failed';
      readonly form: EditForm;
      readonly refusals: readonly Refusal[];
      readonly usage: ProposalUsage;
    };

/**
 * How often a proposer is asked again.
 * @public
 */
export const RESAMPLES_MAX = 3;

const TEMPERATURE = 0.7;
const MAX_TOKENS = 4_096;
const SHARES: Readonly<Record<EditForm, number>> = { diff: 0.6, full: 0.3, cross: 0.1 };

/**
 * Makes one mutation; an answer that cannot be taken is asked for again with the reason.
 *
 * @returns `failed` where none of four answers could be taken, with the reason of each.
 * @throws {EvolveError} `SOURCE_INVALID`, `ENTRY_NOT_FOUND`, `REGION_INVALID` or `PROMPT_TOO_LARGE` for the parent; what the proposer
 *   rejects with but `BACKEND_FAILED`; whatever the signal was aborted with.
 * @public
 */
export async function mutate(
  request: MutateRequest,
  proposer: Proposer,
  signal: AbortSignal,
): Promise<MutationOutcome> {
  const { entryName: name, fileName } = request;
  const { entryIn = (source: string): EntrySignature => readEntry(source, { name, fileName }) } = request;
  const entry = entryIn(request.parent);
  checkRegions(request.parent, request.parent);
  const form = request.form ?? drawForm(request);
  const refusals: Refusal[] = [];
  let usage = NO_USAGE;
  for (let attempt = 0; attempt <= RESAMPLES_MAX; attempt += 1) {
    signal.throwIfAborted();
    const asked = proposalRequest({ ...request, form }, { entry, attempt, refusals });
    try {
      const proposal = await proposer.propose(asked, signal);
      usage = addUsage(usage, proposal.usage);
      const source = taken(proposal.text, asked, { entry, entryIn });
      return {
        kind: 'mutated',
        source,
        ...describeChange(request.parent, source, request.fileName),
        form,
        refusals,
        usage,
      };
    } catch (error) {
      signal.throwIfAborted();
      refusals.push(refusalOf(error, refusals));
    }
  }
  return { kind: 'failed', form, refusals, usage };
}

function drawForm({ seed, inspirations = [], shares = SHARES }: MutateRequest): EditForm {
  const { diff, full, cross } = shares;
  const drawn = createRandom(seed).fork('form').next() * (diff + full + cross);
  if (drawn < diff) return 'diff';
  if (drawn < diff + full) return 'full';
  if (inspirations.length > 0) return 'cross';
  return diff > 0 || full === 0 ? 'diff' : 'full'; // There is nothing to cross it with.
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

type Entries = { readonly entry: EntrySignature; readonly entryIn: (source: string) => EntrySignature };

function taken(answer: string, { parent, form }: ProposalRequest, { entry, entryIn }: Entries): string {
  const source = applyAnswer(parent, answer, form);
  if (source === parent) throw new EvolveError('EDIT_EMPTY', 'the edit changes nothing; expected a change');
  checkRegions(parent, source);
  checkEntry(entry, entryOf(source, entryIn));
  return source;
}

/** That the entry function has gone is a fault of the edit here. */
function entryOf(source: string, entryIn: Entries['entryIn']): EntrySignature {
  try {
    return entryIn(source);
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

function refusalOf(error: unknown, before: readonly Refusal[]): Refusal {
  if (!(error instanceof EvolveError)) throw error;
  if (ASKED_AGAIN.includes(error.code)) return { code: error.code, reason: error.message };
  const last = before.at(-1);
  if (last === undefined) throw error;
  throw new EvolveError(error.code, `${error.message}; the answer before it was refused: ${last.reason}`, {
    cause: error,
  });
}
