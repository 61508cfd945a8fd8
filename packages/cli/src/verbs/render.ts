/**
 * `bulkhead render`: a template and its variables become a text, by whichever handler takes the task (X000-18, X000-20).
 */
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { createTask, EvolveError, readTarget } from '@bulkhead/evolve';
import type { AuditedResult } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { listenForInterrupt } from '../guard/interrupt.ts';
import { readJsonObject } from '../json-argument.ts';
import { giveTask, whyNot } from '../queue/give-task.ts';
import type { GivenTask } from '../queue/queue-door.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import { plain } from '../table.ts';
import { runHere, type HereOptions } from '../tasks/run-here.ts';
import { sayDoer, sayTask, showExecution } from '../tasks/show-execution.ts';
import { writeOutput } from '../tasks/write-output.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What is typed after it. */
export type RenderOptions = ServerOptions &
  HereOptions & {
    readonly template: string;
    readonly vars?: string;
    readonly out?: string;
    readonly sync?: boolean;
    readonly queue?: boolean;
    readonly wait?: boolean;
    readonly dryRun?: boolean;
    readonly verbose?: boolean;
  };

/** A text that was rendered, or why there is none; `result` has the rest. */
type Rendered = { readonly text: string | undefined; readonly shown: JsonObject; readonly fail: () => void };

/** Renders. @throws {UsageError} for what its user can mend. */
export async function render(options: RenderOptions, terminal: Terminal): Promise<number> {
  if (options.sync === true && options.queue === true)
    throw new UsageError('--sync and --queue are two ways; name one');
  if (options.wait === true && options.queue !== true)
    throw new UsageError('--wait is for --queue; --sync waits anyway');
  using interrupt = listenForInterrupt();
  try {
    const task = await taskOf(options);
    const isGiven = options.queue === true;
    const ended = isGiven
      ? await renderByQueue(task, options, { terminal, signal: interrupt.signal })
      : await renderHere(task, options, { terminal, signal: interrupt.signal });
    return ended === undefined ? EXIT_OK : await finish(ended, options, terminal);
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.exitCode();
    if (error instanceof EvolveError) throw new UsageError(`${error.message} (${error.code})`);
    throw error;
  }
}

async function taskOf({ template, vars, out }: RenderOptions): Promise<GivenTask> {
  const variables = vars === undefined ? {} : await readJsonObject(isTyped(vars) ? vars : `@${vars}`, '--vars');
  const payload: JsonObject = {
    ...{ template: await readTarget(template), vars: variables },
    ...(out !== undefined && { dest: fileOf(out, template) }),
  };
  return { kind: 'render', payload, requires: ['cpu'] };
}

/** JSON as it stands, standard input, or `@FILE`; all else is the name of a file. */
function isTyped(vars: string): boolean {
  return vars === '-' || vars.startsWith('@') || vars.trimStart().startsWith('{');
}

const TEMPLATE_ENDINGS = ['.tmpl', '.tpl', '.template', '.mustache'];

/** Into a folder it goes by the template's own name, without the ending that says that it is one. */
function fileOf(out: string, template: string): string {
  const isFolder = /[/\\]$/.test(out) || (existsSync(out) && statSync(out).isDirectory());
  if (!isFolder) return out;
  const ending = extname(template);
  return join(out, basename(template, TEMPLATE_ENDINGS.includes(ending) ? ending : ''));
}

type Surroundings = { readonly terminal: Terminal; readonly signal: AbortSignal };

async function renderHere(
  given: GivenTask,
  options: RenderOptions,
  { terminal, signal }: Surroundings,
): Promise<Rendered> {
  const task = createTask(given, { randomBytes, now: () => Date.now() });
  if (options.verbose === true) sayTask(task, terminal);
  const result: AuditedResult = await runHere(task, { own: ['render'], options, env: process.env, signal });
  if (options.verbose === true) sayDoer(result, terminal);
  const isOk = result.status === 'ok';
  return {
    text: isOk ? renderedIn(result.data) : undefined,
    shown: { execution: { ...result } },
    fail: () => showExecution('render', result, terminal),
  };
}

/** Undefined where the task was given and nobody waits. */
async function renderByQueue(
  task: GivenTask,
  options: RenderOptions,
  { terminal, signal }: Surroundings,
): Promise<Rendered | undefined> {
  if (options.dryRun === true) {
    terminal.result(JSON.stringify(task));
    return undefined;
  }
  const { id, ended } = await giveTask(task, { options, terminal, signal });
  if (ended === undefined) {
    terminal.result(options.json === true ? JSON.stringify({ id }) : plain(id));
    return undefined;
  }
  const { state, result } = ended;
  return {
    text: state === 'done' && result?.status === 'ok' ? renderedIn(result.data) : undefined,
    shown: { id, state, result: result === undefined ? null : { ...result } },
    fail: () => terminal.say(`${terminal.talkColors.red('bulkhead:')} ${plain(whyNot(ended))} (${id})`),
  };
}

function renderedIn({ rendered }: JsonObject): string | undefined {
  return typeof rendered === 'string' ? rendered : undefined;
}

async function finish({ text, shown, fail }: Rendered, options: RenderOptions, terminal: Terminal): Promise<number> {
  const output = options.out === undefined ? undefined : fileOf(options.out, options.template);
  const isWritten = text !== undefined && output !== undefined && options.dryRun !== true;
  if (isWritten) await writeOutput(output, text);
  if (options.json === true) {
    terminal.result(JSON.stringify({ rendered: text ?? null, output: output ?? null, ...shown }));
  } else if (text === undefined) fail();
  else if (isWritten) terminal.say(`${plain(output)}: ${text.length} characters`);
  else await terminal.write(text);
  return text === undefined ? EXIT_FAILED : EXIT_OK;
}
