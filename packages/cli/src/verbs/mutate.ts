/**
 * `bulkhead mutate`: proposes one change of a file, applies it strictly, writes the result beside it, and has the result executed by
 * whichever handler takes it (X000-19, X000-20, F000-15). With `--queue` a worker does all of it.
 */
import { randomBytes } from 'node:crypto';
import { EvolveError, mutateFile, type EditForm, type EvolveErrorCode, type MutatedFile } from '@bulkhead/evolve';
import type { AuditedResult } from '@bulkhead/host';
import type { JsonValue, Task } from '@bulkhead/protocol';
import { parseGrants } from '../config/grants.ts';
import type { Config } from '../config/keys.ts';
import { loadConfig } from '../config/load-config.ts';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { listenForInterrupt } from '../guard/interrupt.ts';
import { chosenBackend, openModel } from '../open-model.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import { plain } from '../table.ts';
import type { HereOptions } from '../tasks/run-here.ts';
import { sayDoer, sayTask, showExecution } from '../tasks/show-execution.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { showMutation } from './show-mutation.ts';

/** What is typed after it; `execute` is false with `--no-execute`. */
export type MutateOptions = ServerOptions &
  HereOptions & {
    readonly targetFile: string;
    readonly entryFn: string;
    readonly backend?: string;
    readonly output?: string;
    readonly form?: EditForm;
    readonly seed?: number;
    readonly sync?: boolean;
    readonly queue?: boolean;
    readonly wait?: boolean;
    readonly execute?: boolean;
    readonly dryRun?: boolean;
    readonly args?: readonly JsonValue[];
    readonly config?: string;
    readonly verbose?: boolean;
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
  if (options.sync === true && options.queue === true)
    throw new UsageError('--sync and --queue are two ways; name one');
  using interrupt = listenForInterrupt();
  try {
    if (options.queue !== true) return await mutateHere(options, terminal, interrupt.signal);
    return await (await import('./mutate-queue.ts')).mutateByQueue(options, terminal, interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.exitCode();
    if (!(error instanceof EvolveError)) throw error;
    const message = `${error.message} (${error.code})`;
    if (USAGE_CODES.includes(error.code)) throw new UsageError(message);
    terminal.say(`${terminal.talkColors.red('bulkhead:')} ${plain(message)}`);
    return EXIT_FAILED;
  }
}

async function mutateHere(options: MutateOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  if (options.wait === true) throw new UsageError('--wait is for --queue; --sync waits anyway');
  const mutated = await mutatedFile(options, terminal, signal);
  const isJson = options.json === true;
  if (options.verbose === true) sayTask(mutated.executeTask, terminal);
  // The diff is told before anything runs: it is there in a moment, whatever the handler takes (X000-20).
  if (!isJson) show(mutated, options, terminal);
  const execution = await executed(mutated, options, signal);
  if (isJson) terminal.result(JSON.stringify({ ...wireOf(mutated), execution: execution ?? null }));
  else if (execution !== undefined) showExecution('execute', execution, terminal);
  if (options.verbose === true && execution !== undefined) sayDoer(execution, terminal);
  return EXIT_OK;
}

async function mutatedFile(options: MutateOptions, terminal: Terminal, signal: AbortSignal): Promise<MutatedFile> {
  const { targetFile, entryFn, output, form, seed = SEED } = options;
  const request = {
    ...{ targetFile, entryFunction: entryFn, seed, isDry: options.dryRun === true },
    ...(output !== undefined && { output }),
    ...(form !== undefined && { form }),
  };
  const config = (): Promise<Config> => configOf(options);
  const backend = options.backend ?? chosenBackend(await config());
  await using model = await openModel(backend, { seed, config, terminal });
  const parts = {
    proposer: model.proposer,
    now: () => Date.now(),
    newId: () => randomBytes(ID_BYTES).toString('hex'),
  };
  const mutated = await mutateFile(request, parts, signal);
  return { ...mutated, executeTask: withArgs(mutated.executeTask, options.args) };
}

/** Models are looked for in the plugins that were typed, too. */
async function configOf({ config, plugins = [], grant = [] }: MutateOptions): Promise<Config> {
  const read = await loadConfig({ flags: { grants: {} }, env: process.env, file: config });
  return {
    ...read,
    'plugins.dirs': [...read['plugins.dirs'], ...plugins],
    grants: { ...read.grants, ...parseGrants(grant) },
  };
}

/** Without arguments the copy is loaded, and not called. */
function withArgs(task: Task, args: readonly JsonValue[] | undefined): Task {
  return args === undefined ? task : { ...task, payload: { ...task.payload, args: [...args] } };
}

/** Undefined where it was left out. */
async function executed(
  { executeTask }: MutatedFile,
  options: MutateOptions,
  signal: AbortSignal,
): Promise<AuditedResult | undefined> {
  if (options.execute === false || options.dryRun === true) return undefined;
  const { runHere } = await import('../tasks/run-here.ts');
  return runHere(executeTask, { own: ['execute'], options, env: process.env, signal });
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

function show(
  { diff, summary, output, usage, refusals }: MutatedFile,
  options: MutateOptions,
  terminal: Terminal,
): void {
  const { linesAdded, linesRemoved, hunks } = summary;
  showMutation(
    {
      ...{ diff, linesAdded, linesRemoved, hunks, reasons: refusals.map(({ reason }) => reason) },
      ...{ inputTokens: usage.inputTokens, outputTokens: usage.outputTokens },
      output: options.dryRun === true ? `${output} (not written)` : output,
    },
    terminal,
  );
}
