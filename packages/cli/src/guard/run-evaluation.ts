/**
 * An evaluation as the command line asks for one: options become a request, the cases are kept beside the report, and the report is written.
 */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  casesFromJsonLines,
  createRedaction,
  evaluate,
  GuardError,
  parseMonitorSpec,
  redactPair,
  writeReport,
  type Case,
  type EvaluateRequest,
  type Redact,
  type Report,
  type Task,
} from '@bulkhead/guard';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { CLOCK } from './clock.ts';
import type { Interrupt } from './interrupt.ts';
import { casesFileOf, openKeptCases, type KeptCases } from './kept-cases.ts';
import { loadTask } from './load-task.ts';
import { openProgress } from './progress.ts';
import { readPolicy } from './read-policy.ts';
import { LOCAL, openWorkbench, requestOf, type RunOptions } from './workbench.ts';

/** What is typed after `guard evaluate`, but for how the result is told. */
export type EvaluationOptions = RunOptions & {
  readonly task: string;
  readonly baseline: string;
  readonly candidate: string;
  readonly n?: number;
  readonly policy?: string;
  readonly monitor?: readonly string[];
  readonly executorBaseline?: string;
  readonly executorCandidate?: string;
  readonly repeats?: number;
  readonly sequential?: boolean;
  readonly cases?: string;
  readonly reportDir?: string;
  readonly resume?: boolean;
  readonly violationCap?: number;
  readonly redact?: readonly string[];
  readonly json?: boolean;
};

/** How it ended: `reportPath` is of the JSON report, where one was written. */
export type Evaluated =
  | {
      readonly kind: 'done';
      readonly report: Report;
      readonly reportPath: string | undefined;
      readonly recalled: number;
    }
  | { readonly kind: 'cancelled'; readonly casesFile: string | undefined };

/** Evaluates. @throws {UsageError} and {GuardError} for what its user can mend. */
export async function runEvaluation(
  options: EvaluationOptions,
  { terminal, interrupt }: { readonly terminal: Terminal; readonly interrupt: Interrupt },
): Promise<Evaluated> {
  const startedAt = CLOCK.wallTime();
  const kept = keptCasesOf(options, startedAt);
  const task = await loadTask(options.task);
  const redact = createRedaction([...(options.redact ?? []), ...patternsIn(process.env)]);
  const asked = await askedOf(options, task);
  await using bench = await openWorkbench(options, terminal);
  const progress = openProgress(terminal, { isQuiet: options.json === true });
  const { baseline: baselineFile, candidate: candidateFile, executor = LOCAL } = options;
  try {
    const found = await evaluate(
      {
        ...asked,
        ...{ task, redact, parallel: bench.parallel, signal: interrupt.signal, onProgress: progress.show },
        ...(kept !== undefined && { journal: kept.journal }),
        baseline: await bench.implement({
          option: '--baseline',
          file: baselineFile,
          spec: options.executorBaseline ?? executor,
        }),
        candidate: await bench.implement({
          option: '--candidate',
          file: candidateFile,
          spec: options.executorCandidate ?? executor,
        }),
        facts: {
          environment: {
            node: process.versions.node,
            ...{ platform: process.platform, arch: process.arch, sandbox: bench.host.receipt.tier },
          },
          provenance: { task: options.task, baseline: baselineFile, candidate: candidateFile },
          command: commandOf(options),
        },
      },
      CLOCK,
    );
    progress.end();
    await kept?.journal.close();
    const { report, path } = await written(found, { options, kept, redact, startedAt });
    return { kind: 'done', report, reportPath: path, recalled: kept?.recalled() ?? 0 };
  } catch (error) {
    if (!(error instanceof GuardError) || error.code !== 'EVALUATION_CANCELLED') throw error;
    return { kind: 'cancelled', casesFile: kept?.name() };
  } finally {
    progress.end();
    await kept?.journal.close();
  }
}

function keptCasesOf({ reportDir, resume }: EvaluationOptions, nowMs: number): KeptCases | undefined {
  if (reportDir !== undefined) return openKeptCases({ folder: resolve(reportDir), nowMs, isResumed: resume === true });
  if (resume === true) throw new UsageError('--resume needs --report-dir', 'It goes on from a file of cases there.');
  return undefined;
}

type Asked = Omit<EvaluateRequest, 'task' | 'baseline' | 'candidate'>;

async function askedOf(options: EvaluationOptions, task: Task): Promise<Asked> {
  const { n, repeats, violationCap, sequential, cases, monitor } = options;
  return {
    ...requestOf(options),
    ...(n !== undefined && { n }),
    ...(repeats !== undefined && { repeats }),
    ...(violationCap !== undefined && { violationCap }),
    ...(cases !== undefined && { cases: await readCases(task, cases), casesFrom: basename(cases) }),
    ...(sequential === true && { mode: 'sequential' as const }),
    policy: await readPolicy(options.policy),
    monitors: (monitor ?? []).map((spec) => parseMonitorSpec(spec)),
  };
}

async function readCases(task: Task, file: string): Promise<readonly Case[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(
      `--cases: ${file} cannot be read`,
      'Give a file of JSON lines, each the list of arguments of a case.',
    );
  });
  return casesFromJsonLines(task, text);
}

/** Patterns of the environment, with commas or line breaks between. */
function patternsIn(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return ['BULKHEAD_GUARD_REDACT', 'METAMORPHIC_GUARD_REDACT'].flatMap((name) =>
    (env[name] ?? '')
      .split(/[,\n]/)
      .map((pattern) => pattern.trim())
      .filter((pattern) => pattern !== ''),
  );
}

type Writing = {
  readonly options: EvaluationOptions;
  readonly kept: KeptCases | undefined;
  readonly redact: Redact;
  readonly startedAt: number;
};

async function written(
  found: Report,
  { options, kept, redact, startedAt }: Writing,
): Promise<{ readonly report: Report; readonly path: string | undefined }> {
  const name = kept?.name();
  if (options.reportDir === undefined || kept === undefined || name === undefined)
    return { report: found, path: undefined };
  const folder = resolve(options.reportDir);
  const report = { ...found, replay: { ...found.replay, cases_file: casesFileOf(name) } };
  const failures = kept.failures().map((pair) => redactPair(pair, redact));
  const { json } = await writeReport(report, { folder, name, now: startedAt, failures });
  return { report, path: join(folder, basename(json)) };
}

/** Flags that a result depends on, as they are typed; patterns and addresses may be secret. */
const FLAGS = {
  ...{ task: '--task', baseline: '--baseline', candidate: '--candidate', n: '--n', seed: '--seed', policy: '--policy' },
  ...{ monitor: '--monitor', executor: '--executor', executorBaseline: '--executor-baseline' },
  ...{ executorCandidate: '--executor-candidate', func: '--func', timeout: '--timeout', mem: '--mem' },
  ...{ repeats: '--repeats', sequential: '--sequential', cases: '--cases', violationCap: '--violation-cap' },
  ...{ plugins: '--plugins', backend: '--backend' },
} as const satisfies Partial<Record<keyof EvaluationOptions, string>>;

/** The command that asks again. */
function commandOf(options: EvaluationOptions): string {
  const given = new Map<string, unknown>(Object.entries(options));
  const words = Object.entries(FLAGS).flatMap(([key, flag]) => {
    const value = given.get(key);
    if (value === undefined || value === false) return [];
    if (value === true) return [flag];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.flatMap((one) => [flag, quoted(String(one))]);
  });
  return ['bulkhead guard evaluate', ...words].join(' ');
}

/** As a shell takes it. */
export function quoted(text: string): string {
  return /^[\w./:=,@#+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
