/**
 * `bulkhead mutate` without its command line: reads a file, makes one mutation, writes the result beside it, and says which task would
 * run it (X000-19, X000-20).
 */
import { basename, dirname, extname, join } from 'node:path';
import type { Task } from '@bulkhead/protocol';
import type { ChangeSummary } from '../edits/change-summary.ts';
import { EvolveError } from '../evolve-error.ts';
import { writeWhole } from '../write-whole.ts';
import { executeTaskOf } from './execute-task.ts';
import { mutate, type MutationOutcome, type Refusal } from './mutate.ts';
import type { EditForm, Proposer, ProposalUsage } from './proposer.ts';
import { readBounded } from './read-bounded.ts';

/**
 * Which function of which file; where the result goes, `NAME_mutated.EXT` beside the file where that is left out.
 * @public
 */
export type MutateFileRequest = {
  readonly targetFile: string;
  readonly entryFunction: string;
  readonly output?: string;
  readonly seed: number | string;
  /** A unified diff where it is left out (X000-19). */
  readonly form?: EditForm;
  readonly inspirations?: readonly string[];
  /** Nothing is written. */
  readonly isDry?: boolean;
};

/**
 * Who proposes, the time in milliseconds since 1970, and a new name of 16 to 64 hexadecimal digits.
 * @public
 */
export type MutateFileParts = {
  readonly proposer: Proposer;
  readonly now: () => number;
  readonly newId: () => string;
};

/**
 * What was done; `output` is the file that was written, or would have been. `executeTask` is for whoever runs the result.
 * @public
 */
export type MutatedFile = {
  readonly diff: string;
  readonly summary: ChangeSummary;
  readonly output: string;
  readonly usage: ProposalUsage;
  readonly refusals: readonly Refusal[];
  readonly executeTask: Task;
};

/**
 * Bytes of a file that is mutated.
 * @public
 */
export const TARGET_BYTES_MAX = 204_800;

/**
 * Mutates the file; the result is there whole or not at all.
 *
 * @throws {EvolveError} `TARGET_INVALID` for a file that cannot be read or written, is too large or not UTF-8; `MUTATION_FAILED` with
 *   the last reason where no answer could be taken; otherwise as `mutate`.
 * @public
 */
export async function mutateFile(
  request: MutateFileRequest,
  { proposer, now, newId }: MutateFileParts,
  signal: AbortSignal,
): Promise<MutatedFile> {
  const {
    targetFile,
    entryFunction,
    output = defaultOutput(targetFile),
    seed,
    form = 'diff',
    inspirations = [],
  } = request;
  const parent = await readTarget(targetFile);
  const asked = { parent, fileName: basename(targetFile), entryName: entryFunction, seed, form, inspirations };
  const mutated = succeeded(await mutate(asked, proposer, signal));
  if (request.isDry !== true) await writeOutput(output, mutated.source);
  const { diff, summary, usage, refusals, source } = mutated;
  const executeTask = executeTaskOf({ source, entryFunction, file: output }, { id: newId(), now: now() });
  return { diff, summary, output, usage, refusals, executeTask };
}

/**
 * `dir/sort.ts` is `dir/sort_mutated.ts` (X000-20).
 * @public
 */
export function defaultOutput(targetFile: string): string {
  const ending = extname(targetFile);
  return join(dirname(targetFile), `${basename(targetFile, ending)}_mutated${ending}`);
}

/**
 * Reads a file that is to be mutated.
 *
 * @throws {EvolveError} `TARGET_INVALID` for one that cannot be read, is too large or not UTF-8.
 * @public
 */
export async function readTarget(file: string): Promise<string> {
  const read = await readBounded(file, TARGET_BYTES_MAX);
  if (read.kind === 'too_large') {
    throw new EvolveError('TARGET_INVALID', `${file} is too large; expected at most ${TARGET_BYTES_MAX} bytes`);
  }
  if (read.kind !== 'read') throw new EvolveError('TARGET_INVALID', `${file} cannot be read; expected a file`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(read.bytes);
  } catch (cause) {
    throw new EvolveError('TARGET_INVALID', `${file} is not UTF-8; expected a text`, { cause });
  }
}

function succeeded(outcome: MutationOutcome): Extract<MutationOutcome, { readonly kind: 'mutated' }> {
  if (outcome.kind === 'mutated') return outcome;
  const { refusals, usage } = outcome;
  throw new EvolveError(
    'MUTATION_FAILED',
    `none of ${refusals.length} answers could be taken (${usage.inputTokens + usage.outputTokens} tokens); the last: ${refusals.at(-1)?.reason ?? ''}`,
  );
}

async function writeOutput(file: string, text: string): Promise<void> {
  try {
    await writeWhole(file, text);
  } catch (cause) {
    const expected = 'expected a file in a folder that is there';
    throw new EvolveError('TARGET_INVALID', `${file} cannot be written; ${expected}`, { cause });
  }
}
