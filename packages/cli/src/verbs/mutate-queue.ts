/**
 * `bulkhead mutate --queue`: gives a task of kind `mutate` to a queue; with `--wait`, writes what came of it.
 */
import { basename } from 'node:path';
import { defaultOutput, readTarget } from '@bulkhead/evolve';
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { giveTask, whyNot, type Given } from '../queue/give-task.ts';
import type { GivenTask } from '../queue/queue-door.ts';
import { plain } from '../table.ts';
import { writeOutput } from '../tasks/write-output.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import type { MutateOptions } from './mutate.ts';
import { showMutation, type ShownMutation } from './show-mutation.ts';

/** Gives the task. @throws as `giveTask`, and `EvolveError` for the file. */
export async function mutateByQueue(options: MutateOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  const task = await taskOf(options);
  if (options.dryRun === true) {
    terminal.result(JSON.stringify(task));
    return EXIT_OK;
  }
  const given = await giveTask(task, { options, terminal, signal });
  if (given.ended !== undefined) return finish({ ...given, ended: given.ended }, options, terminal);
  terminal.result(options.json === true ? JSON.stringify({ id: given.id }) : plain(given.id));
  return EXIT_OK;
}

async function taskOf(options: MutateOptions): Promise<GivenTask> {
  const { targetFile, entryFn, backend, form, seed } = options;
  if (form === 'full') throw new UsageError('--form full is for --sync; a worker asks for a diff');
  if (backend?.includes(':') === true) {
    throw new UsageError(`--backend ${backend} is for --sync`, 'With --queue, name a backend of the tenant, or none.');
  }
  const payload: JsonObject = {
    ...{ source: await readTarget(targetFile), entry_fn: entryFn, file: basename(targetFile) },
    ...(backend !== undefined && { backend }),
    ...(seed !== undefined && { seed: String(seed) }),
  };
  return { kind: 'mutate', payload, requires: ['cpu', 'llm'] };
}

async function finish({ id, ended }: Required<Given>, options: MutateOptions, terminal: Terminal): Promise<number> {
  const { result, state } = ended;
  const source = result?.status === 'ok' ? result.data['source'] : undefined;
  const isOk = state === 'done' && result !== undefined && typeof source === 'string';
  const output = options.output ?? defaultOutput(options.targetFile);
  if (isOk) await writeOutput(output, source);
  if (options.json === true) {
    terminal.result(
      JSON.stringify({ id, state, ...(isOk && { ...wireOf(result.data), output }), result: result ?? null }),
    );
  } else if (isOk) {
    showMutation({ ...shownOf(result.data), output }, terminal);
    terminal.say(plain(`task ${id}: done by ${result.handler_version ?? 'nobody that is known'}`));
  } else {
    terminal.say(`${terminal.talkColors.red('bulkhead:')} ${plain(whyNot(ended))} (${id})`);
  }
  return isOk ? EXIT_OK : EXIT_FAILED;
}

/** The fields that `--sync --json` has, too. */
function wireOf(data: JsonObject): JsonObject {
  const fields = ['diff', 'summary', 'usage', 'refusals', 'execute_task'];
  return Object.fromEntries(fields.map((field) => [field, data[field] ?? null]));
}

/** What a worker wrote is read as anybody's. */
function shownOf(data: JsonObject): Omit<ShownMutation, 'output'> {
  const [summary, usage] = [objectIn(data['summary']), objectIn(data['usage'])];
  const { refusals } = data;
  const reasons = Array.isArray(refusals) ? refusals.map((each: JsonValue) => textIn(objectIn(each)['reason'])) : [];
  return {
    ...{ diff: textIn(data['diff']), reasons, hunks: Number(summary['hunks']) },
    ...{ linesAdded: Number(summary['lines_added']), linesRemoved: Number(summary['lines_removed']) },
    ...{ inputTokens: Number(usage['input_tokens']), outputTokens: Number(usage['output_tokens']) },
  };
}

function objectIn(value: JsonValue | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : {};
}

function textIn(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
