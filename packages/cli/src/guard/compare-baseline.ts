/**
 * `bulkhead guard compare-baseline`: a candidate of one report against a side of another that was kept, case by case, without running
 * anything. Both must have been asked the same cases of the same task.
 */
import {
  decide,
  policyFromJson,
  type Decision,
  type EvaluatedPair,
  type EvaluatedSide,
  type Report,
} from '@bulkhead/guard';
import { EXIT_FAILED, EXIT_INCONCLUSIVE, EXIT_OK } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { answering } from './answering.ts';
import { readPairs, readReport } from './read-report.ts';
import { readPolicy } from './read-policy.ts';

/** What is typed after it. */
export type CompareBaselineOptions = {
  readonly report: string;
  readonly kept: string;
  /** Which side of the report that was kept. */
  readonly side: 'baseline' | 'candidate';
  readonly policy?: string;
  readonly json?: boolean;
};

const EXIT_CODES = { adopt: EXIT_OK, reject: EXIT_FAILED, inconclusive: EXIT_INCONCLUSIVE } as const;

/** Compares; answers as an evaluation does. */
export async function compareBaselineVerb(options: CompareBaselineOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const [report, kept] = [await readReport(options.report), await readReport(options.kept)];
    assertSameTask(report, kept);
    const found = pairedOf(
      await readPairs(undefined, { report, file: options.report }),
      sidesOf(await readPairs(undefined, { report: kept, file: options.kept }), options.side),
    );
    if (found.cases === 0)
      throw new UsageError('the two reports share no case', 'Compare reports of one seed, or of one file of cases.');
    const policy = options.policy === undefined ? policyFromJson(report.policy) : await readPolicy(options.policy);
    const { table, executions, sandboxFailures } = found;
    const decision = decide({ cases: table, executions, sandboxFailures, hardRegressions: [], alerts: [] }, policy);
    tell({ found, decision, options }, terminal);
    return EXIT_CODES[decision.verdict];
  });
}

function assertSameTask(report: Report, kept: Report): void {
  if (report.spec_fingerprint === kept.spec_fingerprint) return;
  throw new UsageError(
    `the reports are of different tasks: "${report.task}" ${report.spec_fingerprint.slice(0, 12)} and "${kept.task}" ${kept.spec_fingerprint.slice(0, 12)}`,
    'Compare reports of one task, as it is; `provenance-diff` says in what they differ.',
  );
}

function sidesOf(pairs: readonly EvaluatedPair[], side: 'baseline' | 'candidate'): ReadonlyMap<string, EvaluatedSide> {
  return new Map(pairs.map((pair) => [pair.case_id, pair[side]]));
}

type Paired = {
  readonly table: Readonly<Record<'both' | 'onlyCandidate' | 'onlyBaseline' | 'neither', number>>;
  readonly cases: number;
  /** Cases of one report alone, and those that say nothing of a side. */
  readonly left_out: number;
  readonly worse: readonly string[];
  readonly better: readonly string[];
  readonly executions: number;
  readonly sandboxFailures: number;
};

/** A case counts as passed where every repeat did. */
function pairedOf(pairs: readonly EvaluatedPair[], kept: ReadonlyMap<string, EvaluatedSide>): Paired {
  const graded = pairs.flatMap(({ case_id, candidate }) => {
    const baseline = kept.get(case_id);
    if (baseline === undefined || baseline.grade === 'unrun' || candidate.grade === 'unrun') return [];
    return [{ case_id, baseline, candidate, cell: cellOf(baseline, candidate) }];
  });
  const ids = (cell: string): readonly string[] =>
    graded.filter((one) => one.cell === cell).map(({ case_id }) => case_id);
  const total = (of: (side: EvaluatedSide) => number): number =>
    graded.reduce((sum, one) => sum + of(one.baseline) + of(one.candidate), 0);
  const [worse, better] = [ids('onlyBaseline'), ids('onlyCandidate')];
  return {
    table: {
      both: ids('both').length,
      onlyCandidate: better.length,
      onlyBaseline: worse.length,
      neither: ids('neither').length,
    },
    cases: graded.length,
    left_out: pairs.length - graded.length,
    ...{ worse, better },
    executions: total((side) => side.executions),
    sandboxFailures: total((side) => side.sandbox_failures),
  };
}

function cellOf(baseline: EvaluatedSide, candidate: EvaluatedSide): keyof Paired['table'] {
  const [before, after] = [baseline.grade === 'passed', candidate.grade === 'passed'];
  if (before) return after ? 'both' : 'onlyBaseline';
  return after ? 'onlyCandidate' : 'neither';
}

type Told = { readonly found: Paired; readonly decision: Decision; readonly options: CompareBaselineOptions };

const LISTED_MAX = 20;

function tell({ found, decision, options }: Told, { result, say, colors }: Terminal): void {
  const { table, cases, left_out, worse, better } = found;
  const { verdict, reasons } = decision;
  if (options.json === true) {
    const { both, onlyCandidate, onlyBaseline, neither } = table;
    const pairs = { both, only_candidate: onlyCandidate, only_baseline: onlyBaseline, neither };
    result(JSON.stringify({ verdict, reasons, cases, left_out, pairs, worse, better }));
    return;
  }
  const paint = { adopt: colors.green, reject: colors.red, inconclusive: colors.yellow }[verdict];
  result(paint(verdict));
  for (const reason of reasons) result(plain(`  ${reason}`));
  result(
    `${cases} cases: ${table.both} both pass, ${worse.length} worse, ${better.length} better, ${table.neither} neither`,
  );
  for (const id of worse.slice(0, LISTED_MAX)) result(plain(`  worse  ${id}`));
  for (const id of better.slice(0, LISTED_MAX)) result(plain(`  better ${id}`));
  if (left_out > 0) say(`${left_out} cases are of one report alone, or could not be run`);
  say('decided by the rate alone: nothing was run again, so that no failure is a confirmed regression');
}
