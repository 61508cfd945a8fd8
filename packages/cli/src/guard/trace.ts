/**
 * `bulkhead guard trace`: one case of a report in full, as its file of cases has it: what each side was asked, answered and broke.
 */
import type { EvaluatedPair, EvaluatedSide, Report } from '@bulkhead/guard';
import { EXIT_OK } from '../exit-codes.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { answering } from './answering.ts';
import { readPairs, readReport } from './read-report.ts';

/** What is typed after it; `which` is an id, the beginning of one, or a number from 0. */
export type TraceOptions = {
  readonly report: string;
  readonly which?: string;
  readonly cases?: string;
  readonly json?: boolean;
};

/** Shows it; without a case it lists those that are worth a look. */
export async function traceVerb(
  { report: file, which, cases, json }: TraceOptions,
  terminal: Terminal,
): Promise<number> {
  return answering(terminal, async () => {
    const report = await readReport(file);
    const pairs = await readPairs(cases, { report, file });
    if (which === undefined) listCases(pairs, json, terminal);
    else {
      const pair = caseOf(pairs, which);
      if (json === true) terminal.result(JSON.stringify(pair));
      else showCase(pair, report, terminal);
    }
    return EXIT_OK;
  });
}

function caseOf(pairs: readonly EvaluatedPair[], which: string): EvaluatedPair {
  const exact = pairs.find(({ case_id, case_index }) => case_id === which || String(case_index) === which);
  if (exact !== undefined) return exact;
  const [only, second] = pairs.filter(({ case_id }) => case_id.startsWith(which));
  if (only !== undefined && second === undefined) return only;
  throw new UsageError(
    only === undefined ? `the report has no case ${which}` : `${which} begins several cases`,
    'Give an id as a report names it, or a number from 0; without one, `trace` lists cases that differ.',
  );
}

/** Cases where the sides differ, where both fail, and those that say nothing. */
function listCases(
  pairs: readonly EvaluatedPair[],
  json: boolean | undefined,
  { result, say, colors }: Terminal,
): void {
  const worth = pairs
    .filter(
      ({ baseline, candidate, flaky }) =>
        [baseline, candidate].some(({ grade }) => grade !== 'passed') || flaky.length > 0,
    )
    .map(({ case_id, baseline, candidate, flaky, args }) => ({
      ...{ case_id, baseline: baseline.grade, candidate: candidate.grade, flaky, args },
    }));
  if (json === true) return result(JSON.stringify({ cases: worth }));
  const rows = worth.map((one) => [one.case_id, one.baseline, one.candidate, one.flaky.join(' '), clipped(one.args)]);
  for (const line of tableLines(['case', 'baseline', 'candidate', 'flaky', 'arguments'], rows, colors)) result(line);
  if (worth.length === 0) say(`both sides passed all ${pairs.length} cases; name one to see it`);
}

function showCase(pair: EvaluatedPair, report: Report, { result, colors }: Terminal): void {
  const { case_id, case_index, args, first, flaky, regression } = pair;
  result(colors.bold(plain(`${case_id} (case ${case_index})`)));
  result(plain(`arguments  ${args}`));
  result(`first run  ${first}`);
  if (flaky.length > 0) result(colors.yellow(`flaky      ${flaky.join(', ')}`));
  if (regression !== null)
    result(colors.red(plain(`regression ${regression.kind} "${regression.name}": ${regression.message}`)));
  for (const role of ['baseline', 'candidate'] as const) showSide(role, pair[role], { report, result, colors });
}

type Shown = Pick<Terminal, 'result' | 'colors'> & { readonly report: Report };

function showSide(role: string, side: EvaluatedSide, { report, result, colors }: Shown): void {
  const { grade, pass_share, duration_ms, executions, sandbox_failures } = side;
  const paint = { passed: colors.green, failed: colors.red, ungraded: colors.yellow, unrun: colors.yellow }[grade];
  result('');
  result(
    `${colors.bold(role)}  ${paint(grade)}${pass_share > 0 && pass_share < 1 ? ` in ${pass_share} of its repeats` : ''}`,
  );
  const { success, result: value, error } = side.result;
  result(
    plain(
      success === true
        ? `  answered   ${clipped(JSON.stringify(value ?? null))}`
        : `  ended with ${typeof error === 'string' ? error : 'no answer'}`,
    ),
  );
  result(`  took       ${duration_ms} ms, ${executions} executions, ${sandbox_failures} of them lost to the sandbox`);
  for (const [name, metric] of Object.entries(side.metrics))
    result(plain(`  metric     ${name} ${metric ?? 'not taken'}`));
  for (const line of checkLines(side, report)) result(plain(`  ${line}`));
}

const STATES: Readonly<Record<string, string>> = {
  ...{ h: 'held', v: 'violated', s: 'skipped', u: 'not reached', r: 'its run failed', f: 'fault of the task' },
};

/** Checks by their names, in the order of the report, with what was said of those that broke. */
function checkLines({ checks, violations, run_failures, faults }: EvaluatedSide, report: Report): readonly string[] {
  const said = (name: string): string => violations.find((one) => one.name === name)?.message ?? '';
  const named = report.relation_coverage.map(({ kind, name }, at) => {
    const state = STATES[checks[at] ?? ''] ?? 'not asked';
    const message = said(name);
    return `${kind.padEnd(10)} ${name}: ${state}${message === '' || message === name ? '' : `, ${message}`}`;
  });
  const others = violations.filter(({ name }) => !report.relation_coverage.some((check) => check.name === name));
  return [
    ...named,
    ...others.map(({ kind, name, message }) => `${kind.padEnd(10)} ${name}: violated, ${message}`),
    ...run_failures.map(({ kind, message }) => `run        ${kind}: ${message}`),
    ...faults.map(({ name, message }) => `fault      ${name}: ${message}`),
  ];
}

const TEXT_CHARACTERS = 2_000;

function clipped(text: string): string {
  return text.length > TEXT_CHARACTERS ? `${text.slice(0, TEXT_CHARACTERS)}…` : text;
}
