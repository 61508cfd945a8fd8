/**
 * `bulkhead guard evaluate`: tells what came of an evaluation, and ends with it.
 */
import { appendFile, writeFile } from 'node:fs/promises';
import { renderMarkdown, renderText, type Report, type Verdict } from '@bulkhead/guard';
import { EXIT_FAILED, EXIT_INCONCLUSIVE, EXIT_OK } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { parseWebhook, sendAlerts } from './alert-webhook.ts';
import { answering } from './answering.ts';
import { listenForInterrupt } from './interrupt.ts';
import { quoted, runEvaluation, type Evaluated, type EvaluationOptions } from './run-evaluation.ts';

/** What is typed after it. */
export type EvaluateOptions = EvaluationOptions & {
  readonly alertWebhook?: string;
  readonly summaryFile?: string;
  /** Which verdicts end with their code; `inconclusive` is 0 with a warning where only `reject` fails. */
  readonly failOn?: 'reject' | 'inconclusive';
};

/** Faults of nobody's implementation that are told beside a line of JSON. */
const FAULTS_MAX = 2;

const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  adopt: EXIT_OK,
  reject: EXIT_FAILED,
  inconclusive: EXIT_INCONCLUSIVE,
};

/** Evaluates; answers 0 for adopt, 1 for reject, 3 for inconclusive, 130 and 143 where a signal ended it. */
export async function evaluateVerb(options: EvaluateOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const webhook = options.alertWebhook === undefined ? undefined : parseWebhook(options.alertWebhook);
    const interrupt = listenForInterrupt();
    const ended = await runEvaluation(options, { terminal, interrupt });
    if (ended.kind === 'cancelled') {
      sayCancelled(ended.casesFile, options, terminal);
      return interrupt.exitCode();
    }
    const warning = webhook && (await sendAlerts(webhook, ended.report));
    if (warning !== undefined) terminal.say(terminal.talkColors.yellow(warning));
    await writeSummary(ended.report, options, process.env);
    tell(ended, options, terminal);
    return exitCodeOf(ended.report, options, terminal);
  });
}

function exitCodeOf({ decision }: Report, { failOn }: EvaluateOptions, { say, talkColors }: Terminal): number {
  if (failOn !== 'reject' || decision.verdict !== 'inconclusive') return EXIT_CODES[decision.verdict];
  say(talkColors.yellow('no regression was shown, and that there is none was not shown either'));
  return EXIT_OK;
}

type Done = Extract<Evaluated, { readonly kind: 'done' }>;

function tell({ report, reportPath, recalled }: Done, { json }: EvaluateOptions, terminal: Terminal): void {
  const { result, say, colors } = terminal;
  const { verdict, adopt, reasons } = report.decision;
  if (recalled > 0) say(`${recalled} cases were there already`);
  if (json === true) {
    for (const fault of report.faults.slice(0, FAULTS_MAX)) say(plain(fault));
    result(JSON.stringify({ verdict, adopt, reasons, report: reportPath ?? null }));
    return;
  }
  const paint = { adopt: colors.green, reject: colors.red, inconclusive: colors.yellow }[verdict];
  const [first = '', ...rest] = renderText(report).trimEnd().split('\n');
  for (const line of [paint(first), ...rest]) result(line);
  if (reportPath === undefined) return;
  say(`report: ${reportPath}`);
  say(`check it: bulkhead guard replay ${quoted(reportPath)}`);
}

function sayCancelled(casesFile: string | undefined, { reportDir = '' }: EvaluateOptions, { say }: Terminal): void {
  if (casesFile === undefined) say('cancelled; nothing was kept, since there is no --report-dir');
  else say(`cancelled; the cases that were done are kept in ${reportDir}: the same command with --resume goes on`);
}

/** GitHub gives each step a file, to which many may append. */
const GITHUB_SUMMARY = 'GITHUB_STEP_SUMMARY';

async function writeSummary(
  report: Report,
  { summaryFile }: EvaluateOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const given = env[GITHUB_SUMMARY] ?? '';
  const file = summaryFile ?? given;
  if (file === '') return;
  try {
    await (summaryFile === undefined ? appendFile : writeFile)(file, renderMarkdown(report));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${summaryFile === undefined ? GITHUB_SUMMARY : '--summary-file'} cannot be written: ${why}`,
      'Name a file in a folder that is there.',
    );
  }
}
