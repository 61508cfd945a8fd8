/**
 * `bulkhead render`: a template and its variables become a text, by whichever handler takes the task (X000-18, X000-20). With `--project`
 * all templates of a folder do (render-project.ts).
 */
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createTask, EvolveError, readTarget } from '@bulkhead/evolve';
import type { AuditedResult } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { listenForInterrupt } from '../guard/interrupt.ts';
import { giveTask, whyNot } from '../queue/give-task.ts';
import type { GivenTask } from '../queue/queue-door.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import { plain } from '../table.ts';
import { readVariables, renderedIn, renderTask, withoutTemplateEnding } from '../tasks/render-task.ts';
import { runHere, type HereOptions } from '../tasks/run-here.ts';
import { sayDoer, sayTask, showExecution } from '../tasks/show-execution.ts';
import { writeOutput } from '../tasks/write-output.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What is typed after it; one of `template` and `project` is there. */
export type RenderOptions = ServerOptions &
  HereOptions & {
    readonly template?: string;
    readonly project?: string | true;
    readonly vars?: string;
    readonly out?: string;
    readonly sync?: boolean;
    readonly queue?: boolean;
    readonly wait?: boolean;
    readonly dryRun?: boolean;
    readonly verbose?: boolean;
  };

type TemplateOptions = RenderOptions & { readonly template: string };

/** A text that was rendered, or why there is none; `result` has the rest. */
type Rendered = { readonly text: string | undefined; readonly shown: JsonObject; readonly fail: () => void };

/** Renders. @throws {UsageError} for what its user can mend. */
export async function render(options: RenderOptions, terminal: Terminal): Promise<number> {
  if (options.sync === true && options.queue === true)
    throw new UsageError('--sync and --queue are two ways; name one');
  if (options.wait === true && options.queue !== true)
    throw new UsageError('--wait is for --queue; --sync waits anyway');
  const { template, project, out } = options;
  if ((template === undefined) === (project === undefined))
    throw new UsageError(
      template === undefined ? 'there is nothing to render' : '--template and --project are two ways; name one',
      'Name a template with --template FILE, or a folder of them with --project DIR and --out DIR.',
    );
  using interrupt = listenForInterrupt();
  const surroundings = { terminal, signal: interrupt.signal };
  try {
    if (template !== undefined) return await renderTemplate({ ...options, template }, surroundings);
    if (project === undefined || out === undefined || out === '')
      throw new UsageError('--project needs a folder that it is rendered into', 'Name one, such as --out ./build.');
    const { renderProject } = await import('./render-project.ts');
    return await renderProject({ ...options, project: project === true ? '.' : project, out }, surroundings);
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.exitCode();
    if (error instanceof EvolveError) throw new UsageError(`${error.message} (${error.code})`);
    throw error;
  }
}

/** Where it is told what happens, and what ends it. */
export type Surroundings = { readonly terminal: Terminal; readonly signal: AbortSignal };

async function renderTemplate(options: TemplateOptions, surroundings: Surroundings): Promise<number> {
  const task = await taskOf(options);
  const ended =
    options.queue === true
      ? await renderByQueue(task, options, surroundings)
      : await renderHere(task, options, surroundings);
  return ended === undefined ? EXIT_OK : finish(ended, options, surroundings.terminal);
}

async function taskOf({ template, vars, out }: TemplateOptions): Promise<GivenTask> {
  return renderTask({
    vars: vars === undefined ? {} : await readVariables(vars),
    template: await readTarget(template),
    ...(out !== undefined && { dest: fileOf(out, template) }),
  });
}

/** Into a folder it goes by the template's own name, without the ending that says that it is one. */
function fileOf(out: string, template: string): string {
  const isFolder = /[/\\]$/.test(out) || (existsSync(out) && statSync(out).isDirectory());
  const name = basename(template);
  return isFolder ? join(out, withoutTemplateEnding(name) ?? name) : out;
}

async function renderHere(
  given: GivenTask,
  options: RenderOptions,
  { terminal, signal }: Surroundings,
): Promise<Rendered> {
  const task = createTask(given, { randomBytes, now: () => Date.now() });
  if (options.verbose === true) sayTask(task, terminal);
  const result: AuditedResult = await runHere(task, { own: ['render'], options, env: process.env, signal });
  signal.throwIfAborted();
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

async function finish({ text, shown, fail }: Rendered, options: TemplateOptions, terminal: Terminal): Promise<number> {
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
