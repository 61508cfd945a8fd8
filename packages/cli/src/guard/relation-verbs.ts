/**
 * `bulkhead guard relations validate` and `prioritize`: whether the relations of a task hold for an implementation that is trusted, and
 * which of them found something in the reports that there are.
 */
import { generateCases, judgeCase, type CheckCoverage, type JudgedCase, type Task } from '@bulkhead/guard';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { answering } from './answering.ts';
import { loadTask } from './load-task.ts';
import { readReport } from './read-report.ts';
import { LOCAL, openWorkbench, runCaseOf, type RunOptions } from './workbench.ts';

/** What is typed after `validate`. */
export type ValidateOptions = RunOptions & {
  readonly task: string;
  readonly implementation: string;
  readonly n?: number;
  readonly json?: boolean;
};

/** How often a relation came out how, and what was said of it when it first broke. */
type Validated = {
  readonly relation: string;
  readonly held: number;
  readonly violated: number;
  readonly skipped: number;
  readonly unasked: number;
  readonly broken: { readonly case_id: string; readonly message: string } | null;
};

const CASES = 100;
const SEED = 42;

/** Asks every relation of a task; answers 0 where all hold and each was asked, 1 otherwise. */
export async function validateVerb(options: ValidateOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const task = await loadTask(options.task);
    if (task.relations.length === 0) {
      throw new UsageError(`the task "${task.name}" has no relation`, '`relations suggest` finds some that hold.');
    }
    const validated = await validatedOf(task, options, terminal);
    const isValid = validated.every(({ held, violated }) => violated === 0 && held > 0);
    const { result, say, colors } = terminal;
    if (options.json === true) result(JSON.stringify({ valid: isValid, relations: validated }));
    else {
      const rows = validated.map((one) => [
        ...[one.relation, String(one.held), String(one.violated), String(one.skipped), String(one.unasked)],
        verdictOf(one),
      ]);
      const head = ['relation', 'held', 'violated', 'skipped', 'not asked', ''];
      for (const line of tableLines(head, rows, colors)) result(line);
      if (isValid) say('every relation holds');
    }
    return isValid ? EXIT_OK : EXIT_FAILED;
  });
}

function verdictOf({ held, violated, broken }: Validated): string {
  if (violated > 0) return `${broken?.case_id ?? ''}: ${broken?.message ?? ''}`;
  return held > 0 ? 'holds' : 'was never asked: it says nothing';
}

async function validatedOf(task: Task, options: ValidateOptions, terminal: Terminal): Promise<readonly Validated[]> {
  const { implementation: file, executor: spec = LOCAL, n = CASES, seed = SEED } = options;
  await using bench = await openWorkbench(options, terminal);
  const run = runCaseOf(await bench.implement({ option: '--implementation', file, spec }), options);
  const done = terminal.progress(`asking the relations of ${task.name} of ${file}`);
  const counts = task.relations.map(({ name }) => ({ ...NO_COUNT, relation: name }));
  try {
    for (const one of generateCases(task, { n, seed })) {
      const judged = await judgeCase(task, one, { run, seed });
      counts.forEach((count, at) => countIn(count, at - counts.length, { judged, case_id: one.id }));
    }
  } finally {
    done();
  }
  return counts;
}

type Count = { -readonly [Key in keyof Validated]: Validated[Key] };

const NO_COUNT: Count = { relation: '', held: 0, violated: 0, skipped: 0, unasked: 0, broken: null };

type JudgedOf = { readonly judged: JudgedCase; readonly case_id: string };

/** Counts one case; relations are the last of its checks, so that `at` is from their end. */
function countIn(count: Count, at: number, { judged, case_id }: JudgedOf): void {
  const state = judged.checks.at(at)?.state;
  if (state === 'held' || state === 'violated' || state === 'skipped') count[state] += 1;
  else count.unasked += 1;
  const said = judged.violations.find(({ name, kind }) => kind === 'relation' && name === count.relation);
  if (said !== undefined) count.broken ??= { case_id, message: said.message };
}

/** A relation over several reports. */
type Ranked = {
  readonly relation: string;
  readonly category: string | null;
  /** Cases of candidates that broke it, and of baselines: those are not its merit. */
  readonly found: number;
  readonly baseline_violated: number;
  readonly asked: number;
  readonly skipped: number;
};

/** Orders relations by what they found, the most useful first; those that were never asked are last. */
export async function prioritizeVerb(
  files: readonly string[],
  { json }: { readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  return answering(terminal, async () => {
    const coverage: CheckCoverage[] = [];
    for (const file of files) coverage.push(...(await readReport(file)).relation_coverage);
    const ranked = rankedOf(coverage.filter(({ kind }) => kind === 'relation'));
    const { result, say, colors } = terminal;
    if (json === true) result(JSON.stringify({ reports: files.length, relations: ranked }));
    else {
      const rows = ranked.map((one) => [
        ...[one.relation, one.category ?? '', String(one.found), String(one.baseline_violated)],
        ...[String(one.asked), String(one.skipped)],
      ]);
      const head = ['relation', 'category', 'found', 'of baselines', 'asked', 'skipped'];
      for (const line of tableLines(head, rows, colors)) result(line);
      const idle = ranked.filter(({ asked }) => asked === 0).map(({ relation }) => relation);
      if (ranked.length === 0) say('no report has a relation');
      if (idle.length > 0) say(plain(`never asked, so that they say nothing: ${idle.join(', ')}`));
    }
    return EXIT_OK;
  });
}

function rankedOf(coverage: readonly CheckCoverage[]): readonly Ranked[] {
  const ranked = new Map<string, Ranked>();
  for (const { name, category, baseline, candidate } of coverage) {
    const before = ranked.get(name) ?? NOTHING;
    ranked.set(name, {
      ...{ relation: name, category: category ?? before.category },
      found: before.found + candidate.violated,
      baseline_violated: before.baseline_violated + baseline.violated,
      asked: before.asked + candidate.held + candidate.violated,
      skipped: before.skipped + candidate.skipped,
    });
  }
  return [...ranked.values()].toSorted(
    (one, other) =>
      other.found - one.found || one.baseline_violated - other.baseline_violated || other.asked - one.asked,
  );
}

const NOTHING: Ranked = { relation: '', category: null, found: 0, baseline_violated: 0, asked: 0, skipped: 0 };
