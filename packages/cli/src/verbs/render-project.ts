/**
 * `bulkhead render --project`: a folder of templates becomes a folder of texts, and what is no template goes along (X000-20). Whole or
 * not at all: every template is rendered before the first file is written.
 *
 *   project --> one task for each template --> here, or by the queue --> all are ok --> the output
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createTask } from '@bulkhead/evolve';
import type { AuditedResult } from '@bulkhead/host';
import { LIMITS, type JsonObject } from '@bulkhead/protocol';
import { readJsonObject } from '../json-argument.ts';
import { giveTasks, whyNot } from '../queue/give-task.ts';
import type { GivenTask, KeptTask } from '../queue/queue-door.ts';
import { plain } from '../table.ts';
import { checkOutput, outputRoot, shownFolder } from '../tasks/output-folder.ts';
import { PROJECT_BYTES_MAX, readProject, type Project, type ProjectFile } from '../tasks/project-files.ts';
import { readVariables, renderedIn, renderTask, variablesFile } from '../tasks/render-task.ts';
import { openHere, type Here } from '../tasks/run-here.ts';
import { reasonIn, sayDoer, sayTask } from '../tasks/show-execution.ts';
import { writeOutputs } from '../tasks/write-output.ts';
import { UsageError } from '../usage-error.ts';
import type { RenderOptions, Surroundings } from './render.ts';
import {
  showFailures,
  showGiven,
  showProject,
  showTasks,
  type FileTask,
  type MadeFile,
  type Rendered,
} from './show-project.ts';

type ProjectOptions = RenderOptions & { readonly project: string; readonly out: string };

/** A template's task, and whose it is. */
type Job = { readonly file: string; readonly task: GivenTask };

/** What is to be done, with everything that was read; `out` as it is shown. */
type Plan = { readonly out: string; readonly project: Project; readonly jobs: readonly Job[] };

/**
 * Renders it, and answers the exit code.
 *
 * @throws {UsageError} for a project, variables or an output that cannot be taken, before anything runs. Rejects with the signal's reason.
 */
export async function renderProject(options: ProjectOptions, surroundings: Surroundings): Promise<number> {
  const { terminal } = surroundings;
  const plan = await planOf(options);
  const { out, project, jobs } = plan;
  if (project.holdsOutput) terminal.say(plain(`${out} lies in the project; what is in it already is no part of it`));
  const isQueued = options.queue === true;
  const shown = { out, terminal, isQueued, isJson: options.json === true, isDry: options.dryRun === true };
  if (isQueued) {
    if (jobs.length === 0 && options.wait !== true) throw noTemplate(options.project);
    if (shown.isDry) return showTasks(jobs, shown);
  }
  const ended = await (isQueued ? renderByQueue : renderHere)(jobs, options, surroundings);
  if (ended.kind === 'given') return showGiven(ended.tasks, shown);
  const rendered = boundTogether(ended.rendered);
  const files = madeOf(project.files, rendered);
  if (files === undefined) return showFailures(rendered, shown);
  if (!shown.isDry) await write(plan, files);
  return showProject(files, shown);
}

async function planOf(options: ProjectOptions): Promise<Plan> {
  const { vars } = options;
  const out = shownFolder(options.out);
  const varsFile = vars === undefined ? undefined : variablesFile(vars);
  const project = await readProject(options.project, { varsFile, output: await outputRoot(out) });
  await checkOutput({ out, projectRoot: project.root, targets: project.files.map(({ target }) => target) });
  const variables = await variablesOf(vars, project);
  const variablesBytes = bytesOf(variables);
  const jobs = project.files.flatMap((file) => {
    if (file.kind === 'copy') return [];
    const task = renderTask({ template: file.template, vars: variables, dest: join(out, file.target) });
    assertFits(file, bytesOf({ ...task, payload: { ...task.payload, vars: {} } }) + variablesBytes);
    return [{ file: file.file, task }];
  });
  return { out, project, jobs };
}

async function variablesOf(vars: string | undefined, { variables }: Project): Promise<JsonObject> {
  if (vars !== undefined) return readVariables(vars);
  return variables === undefined ? {} : readJsonObject(`@${variables}`, variables);
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function assertFits({ file }: ProjectFile, bytes: number): void {
  const bytesMax = LIMITS.http_body_bytes.value;
  if (bytes <= bytesMax) return;
  throw new UsageError(
    `${file} and the variables are a task of ${bytes} bytes; expected at most ${bytesMax}`,
    'Leave out variables that no template uses, or render a part of the project at a time.',
  );
}

function noTemplate(dir: string): UsageError {
  return new UsageError(
    `${dir} holds no template, so there is no task for --queue`,
    'Its files are copied with --sync; the name of a template ends in .tmpl, .tpl, .template or .mustache.',
  );
}

/** What came of the tasks, in their order; or that they were given and are not waited for. */
type Ended =
  | { readonly kind: 'ended'; readonly rendered: readonly Rendered[] }
  | { readonly kind: 'given'; readonly tasks: readonly FileTask[] };

async function renderHere(
  jobs: readonly Job[],
  options: ProjectOptions,
  { terminal, signal }: Surroundings,
): Promise<Ended> {
  if (jobs.length === 0) return { kind: 'ended', rendered: [] };
  const line = terminal.live();
  const isQuiet = (options.json === true && !line.isMoving) || options.verbose === true;
  const rendered: Rendered[] = [];
  try {
    await using here = await openHere({ own: ['render'], options, env: process.env });
    for (const [at, job] of jobs.entries()) {
      signal.throwIfAborted();
      if (!isQuiet) line.show(plain(`rendering ${at + 1} of ${jobs.length}: ${job.file}`));
      rendered.push(await renderOne(here, job, { terminal, signal, isVerbose: options.verbose === true }));
    }
  } finally {
    line.end();
  }
  signal.throwIfAborted();
  return { kind: 'ended', rendered };
}

async function renderOne(
  here: Here,
  { file, task: given }: Job,
  { terminal, signal, isVerbose }: Surroundings & { readonly isVerbose: boolean },
): Promise<Rendered> {
  const task = createTask(given, { randomBytes, now: () => Date.now() });
  if (isVerbose) {
    terminal.say(plain(file));
    sayTask(task, terminal);
  }
  const result = await here.run(task, signal);
  if (isVerbose) sayDoer(result, terminal);
  return renderedOf({ file, id: task.id, result, reason: reasonIn(result.data) });
}

async function renderByQueue(
  jobs: readonly Job[],
  options: ProjectOptions,
  { terminal, signal }: Surroundings,
): Promise<Ended> {
  if (jobs.length === 0) return { kind: 'ended', rendered: [] };
  const { given, ends } = await giveTasks(jobs, { options, terminal, signal }, (ended, { file }) =>
    renderedOf({ file, id: ended.task.id, result: okResult(ended), reason: whyNot(ended) }),
  );
  return ends === undefined
    ? { kind: 'given', tasks: given.map(({ file, id }) => ({ file, id })) }
    : { kind: 'ended', rendered: ends };
}

function okResult({ state, result }: KeptTask): KeptTask['result'] {
  return state === 'done' ? result : undefined;
}

type OneEnd = {
  readonly file: string;
  readonly id: string;
  readonly result: AuditedResult | undefined;
  readonly reason: string;
};

/** What anybody's handler answered. */
function renderedOf({ file, id, result, reason }: OneEnd): Rendered {
  if (result?.status !== 'ok') return { kind: 'failed', file, id, reason };
  const text = renderedIn(result.data);
  const handler = result.handler_version;
  if (text !== undefined) return { kind: 'rendered', file, id, text, handler };
  return { kind: 'failed', file, id, reason: `${handler ?? 'it'} answered no text; expected data.rendered` };
}

/** What is too much of all together counts as a failure of the template that it is too much with. */
function boundTogether(all: readonly Rendered[]): readonly Rendered[] {
  let bytesLeft = PROJECT_BYTES_MAX;
  return all.map((each) => {
    if (each.kind === 'failed') return each;
    bytesLeft -= Buffer.byteLength(each.text);
    if (bytesLeft >= 0) return each;
    const reason = `with it more than ${PROJECT_BYTES_MAX} bytes are rendered; expected at most so many together`;
    return { kind: 'failed', file: each.file, id: each.id, reason };
  });
}

/** Every file with its text or as it is; undefined where a template has no text. */
function madeOf(files: readonly ProjectFile[], rendered: readonly Rendered[]): readonly MadeFile[] | undefined {
  const byFile = new Map(rendered.map((each) => [each.file, each]));
  const made: MadeFile[] = [];
  for (const source of files) {
    const { file, target, executeBits } = source;
    const end = byFile.get(file);
    if (source.kind === 'copy') made.push({ file, target, executeBits, kind: 'copy', bytes: source.bytes });
    else if (end?.kind !== 'rendered') return undefined;
    else made.push({ ...end, target, executeBits });
  }
  return made;
}

/** Who waited for a queue looks again: minutes have passed. */
async function write({ out, project }: Plan, files: readonly MadeFile[]): Promise<void> {
  await checkOutput({ out, projectRoot: project.root, targets: files.map(({ target }) => target) });
  await writeOutputs(
    files.map((each) => ({
      path: join(out, each.target),
      content: each.kind === 'copy' ? each.bytes : each.text,
      executeBits: each.executeBits,
    })),
  );
}
