/**
 * One mutation of a source:
 *
 *   form (drawn) ─▶ prompt ─▶ proposer ─▶ edit, strictly applied ─▶ regions and entry as before ─▶ mutation
 *        └──────────── refused: asked again with the reason, three times at most ◀────────────┘
 *
 * It judges nothing but the form: whether the mutation is any good is for whoever runs it.
 */
import { createRandom } from '@bulkhead/guard/statistics';
import type { ChangeSummary } from '../edits/change-summary.ts';
import { readEntry } from '../edits/entry-signature.ts';
import type { EntrySignature } from '../edits/written-entry.ts';
import type { EvolveErrorCode } from '../evolve-error.ts';
import { mutateWith } from './mutate-with.ts';
import type { EditForm, Proposer, ProposalUsage } from './proposer.ts';

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
  const { entryIn } = request;
  const read = entryIn === undefined ? readEntry : (source: string): EntrySignature => entryIn(source);
  return mutateWith({ ...request, form: request.form ?? drawForm(request) }, { proposer, readEntry: read }, signal);
}

function drawForm({ seed, inspirations = [], shares = SHARES }: MutateRequest): EditForm {
  const { diff, full, cross } = shares;
  const drawn = createRandom(seed).fork('form').next() * (diff + full + cross);
  if (drawn < diff) return 'diff';
  if (drawn < diff + full) return 'full';
  if (inspirations.length > 0) return 'cross';
  return diff > 0 || full === 0 ? 'diff' : 'full'; // There is nothing to cross it with.
}
