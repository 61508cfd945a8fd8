/**
 * `bulkhead mutate`: proposes one change of a file, applies it strictly, and writes the result beside it (X000-19, X000-20).
 */
import { randomBytes } from 'node:crypto';
import {
  EvolveError,
  mutateFile,
  openProposer,
  type EditForm,
  type EvolveErrorCode,
  type MutatedFile,
} from '@bulkhead/evolve';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { listenForInterrupt } from '../guard/interrupt.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What is typed after it. */
export type MutateOptions = {
  readonly targetFile: string;
  readonly entryFn: string;
  readonly backend: string;
  readonly output?: string;
  readonly form?: EditForm;
  readonly seed?: number;
  readonly json?: boolean;
};

/** What whoever typed the command can mend; what else comes is an answer that was looked for and not found. */
const USAGE_CODES: readonly EvolveErrorCode[] = [
  'BACKEND_INVALID',
  'CASSETTE_INVALID',
  'ENTRY_NOT_FOUND',
  'PROMPT_TOO_LARGE',
  'REGION_INVALID',
  'SCRIPT_INVALID',
  'SOURCE_INVALID',
  'TARGET_INVALID',
];

const SEED = 42;
const ID_BYTES = 16;

/** Mutates the file. @throws {UsageError} for what its user can mend. */
export async function mutate(options: MutateOptions, terminal: Terminal): Promise<number> {
  const interrupt = listenForInterrupt();
  try {
    const mutated = await mutatedFile(options, interrupt.signal);
    if (options.json === true) terminal.result(JSON.stringify(wireOf(mutated)));
    else show(mutated, terminal);
    return EXIT_OK;
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.exitCode();
    if (!(error instanceof EvolveError)) throw error;
    const message = `${error.message} (${error.code})`;
    if (USAGE_CODES.includes(error.code)) throw new UsageError(message);
    terminal.say(`${terminal.talkColors.red('bulkhead:')} ${plain(message)}`);
    return EXIT_FAILED;
  }
}

async function mutatedFile(options: MutateOptions, signal: AbortSignal): Promise<MutatedFile> {
  const { targetFile, entryFn, output, backend, form, seed = SEED } = options;
  const request = {
    ...{ targetFile, entryFunction: entryFn, seed },
    ...(output !== undefined && { output }),
    ...(form !== undefined && { form }),
  };
  const parts = {
    proposer: await openProposer(backend, { seed }),
    now: () => Date.now(),
    newId: () => randomBytes(ID_BYTES).toString('hex'),
  };
  return mutateFile(request, parts, signal);
}

function wireOf({ diff, summary, output, usage, refusals, executeTask }: MutatedFile): object {
  return {
    diff,
    summary: { lines_added: summary.linesAdded, lines_removed: summary.linesRemoved, hunks: summary.hunks },
    output,
    usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, cost_usd: usage.costUsd },
    refusals,
    execute_task: executeTask,
  };
}

function show({ diff, summary, output, usage, refusals }: MutatedFile, terminal: Terminal): void {
  const { result, say, colors, talkColors } = terminal;
  for (const line of diff.trimEnd().split('\n')) result(painted(line, colors)(plain(line)));
  for (const { reason } of refusals) say(plain(`refused: ${reason}`));
  const { linesAdded, linesRemoved, hunks } = summary;
  const size = `${linesAdded} ${linesAdded === 1 ? 'line' : 'lines'} added, ${linesRemoved} removed, in ${hunks} ${hunks === 1 ? 'hunk' : 'hunks'}`;
  say(`${plain(output)}: ${size}`);
  say(talkColors.dim(`${usage.inputTokens} tokens read, ${usage.outputTokens} written`));
}

function painted(line: string, { green, red }: Terminal['colors']): (text: string) => string {
  if (line.startsWith('+')) return green;
  return line.startsWith('-') ? red : String;
}
