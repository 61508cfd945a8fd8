/**
 * `expect(candidate).toBeAdoptableOver(baseline, task, options?)`: an evaluation of two files, with a host that the process opens when it
 * first needs one.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import type { Policy } from '../decision/policy.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import type { EvaluateRequest, EvaluationClock, Implementation } from '../evaluation/evaluate-options.ts';
import { createLocalExecutor } from '../executors/local.ts';
import { GuardError } from '../guard-error.ts';
import { parsePolicy } from '../policy/parse-policy.ts';
import type { Report } from '../report/report.ts';
import { renderText } from '../report/text.ts';
import { isTask } from '../task/define-task.ts';
import type { Task } from '../task/task.ts';
import { JSON_PARSER } from '../task/tasks/json-parser.ts';
import { PROMPT_PAIR } from '../task/tasks/prompt-pair.ts';
import { RANKING } from '../task/tasks/ranking.ts';
import { SORT } from '../task/tasks/sort.ts';
import { TOP_K } from '../task/tasks/top-k.ts';

/**
 * What may differ from an evaluation's own defaults; `policy` may be its name, such as `noninferiority:margin=0.05`. `taskFrom` says where the
 * command that asks again finds the task, as `FILE#EXPORT`; guard's own are known by their names.
 *
 * @public
 */
export type AdoptableOptions = Pick<
  EvaluateRequest,
  'n' | 'seed' | 'cases' | 'func' | 'timeoutS' | 'memMb' | 'parallel' | 'repeats' | 'mode' | 'monitors'
> & { readonly policy?: Policy | string; readonly taskFrom?: string };

declare module 'vitest' {
  // A declaration that is merged has the very parameters of the one it joins.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Passes where guard adopts the file over the other; awaited. */
    toBeAdoptableOver: (baseline: string, task: Task, options?: AdoptableOptions) => Promise<void>;
  }
}

type Matched = { readonly pass: boolean; readonly message: () => string };

/**
 * The matchers, for `expect.extend`. Candidate and baseline are paths of files with an export `solve`, or the one that `func` names; a function
 * cannot be sent into a sandbox and is refused. Where it fails, the message is the report as a terminal shows it, with the command
 * that asks again.
 *
 * @throws {GuardError} From the matcher: `EVALUATION_INVALID` where something is no path or no task, and what an evaluation throws.
 * @public
 */
export const guardMatchers = {
  // oxlint-disable-next-line max-params -- What stands before and behind the matcher's name, as Vitest hands it over.
  toBeAdoptableOver: async (
    candidate: unknown,
    baseline: unknown,
    task: unknown,
    options: AdoptableOptions = {},
  ): Promise<Matched> => {
    const paths = { candidate: pathOf('the candidate', candidate), baseline: pathOf('the baseline', baseline) };
    if (!isTask(task)) throw invalid(`the task is ${shownKind(task)}; expected one that defineTask made`);
    const report = await evaluated(paths, task, options);
    const command = commandOf(paths, task, options);
    return {
      pass: report.decision.adopt,
      message: () => `${renderText(report)}ask again${placeHint(task, options)}: ${command}\n`,
    };
  },
};

let opening: Promise<Host> | undefined;

/**
 * Closes the host of this process, if one was opened; the next matcher opens another. For `afterAll` of a setup file.
 *
 * @public
 */
export async function closeGuardHost(): Promise<void> {
  const opened = opening;
  opening = undefined;
  await (await opened)?.close();
}

type Paths = Readonly<Record<'baseline' | 'candidate', string>>;

async function evaluated(paths: Paths, task: Task, options: AdoptableOptions): Promise<Report> {
  const { policy, taskFrom, ...asked } = options;
  void taskFrom; // For the command alone.
  const texts = { baseline: await textOf(paths.baseline), candidate: await textOf(paths.candidate) };
  opening ??= createHost();
  const host = await opening;
  const baseline = implementationOf(host, paths.baseline, texts.baseline);
  const candidate = implementationOf(host, paths.candidate, texts.candidate);
  const sides = { baseline, candidate };
  const rule = typeof policy === 'string' ? parsePolicy(policy) : policy;
  try {
    const facts = { command: commandOf(paths, task, options) };
    return await evaluate({ ...asked, ...(rule !== undefined && { policy: rule }), task, ...sides, facts }, CLOCK);
  } finally {
    await baseline.executor.close?.();
    await candidate.executor.close?.();
  }
}

async function textOf(filePath: string): Promise<string> {
  try {
    return await readFile(filePath, 'utf8');
  } catch (cause) {
    throw new GuardError('EVALUATION_INVALID', `"${filePath}" cannot be read; expected the path of a file`, { cause });
  }
}

function implementationOf(host: Host, filePath: string, text: string): Implementation {
  return { filePath, text, executor: createLocalExecutor({ host }), executorName: 'local' };
}

/** The edge of guard where time comes from: nobody above a matcher could hand it in. */
const CLOCK: EvaluationClock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  startTimer: (delayMs, didElapse) => {
    const timer = setTimeout(didElapse, delayMs);
    return () => clearTimeout(timer);
  },
};

function pathOf(what: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return resolve(value);
  const why = typeof value === 'function' ? ', which cannot be sent into a sandbox' : '';
  throw invalid(`${what} is ${shownKind(value)}${why}; expected the path of a file that exports it`);
}

function shownKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return value === '' ? 'an empty text' : `a ${typeof value}`;
}

/** What stands for the place of a task that nobody named: a task does not know the file that it is from. */
const SOMEWHERE = 'FILE#EXPORT';
const OWN_TASKS: readonly Task[] = [JSON_PARSER, PROMPT_PAIR, RANKING, SORT, TOP_K];

function placeOf(task: Task, { taskFrom }: AdoptableOptions): string {
  return taskFrom ?? (OWN_TASKS.includes(task) ? task.name : SOMEWHERE);
}

function placeHint(task: Task, options: AdoptableOptions): string {
  return placeOf(task, options) === SOMEWHERE ? `, with the file that exports "${task.name}"` : '';
}

function commandOf({ baseline, candidate }: Paths, task: Task, options: AdoptableOptions): string {
  const { n = 400, seed = 42, policy, func, timeoutS, memMb, repeats, mode } = options;
  const typed = {
    ...{ task: placeOf(task, options), baseline, candidate, n, seed },
    ...{ policy: typeof policy === 'string' ? policy : policy?.name, func, timeout: timeoutS, mem: memMb, repeats },
  };
  const words = Object.entries(typed).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const all = mode === 'sequential' ? [...words, '--sequential'] : words;
  return `bulkhead guard evaluate ${all.map((word) => (/^[\w./:=@#+-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')}`;
}

function invalid(message: string): GuardError {
  return new GuardError('EVALUATION_INVALID', message);
}
