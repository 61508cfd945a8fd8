/**
 * `bulkhead guard` as it is typed; what a verb does is loaded when it runs.
 */
import { InvalidArgumentError, type Command } from 'commander';
import { examples, type VerbContext } from '../remote/server-verb.ts';

const VERDICT_CODES =
  'Exit codes: 0 adopt, 1 reject, 2 nothing could be judged (usage, task, policy, sandbox), 3 inconclusive, 130 interrupted.';

/** Adds `guard` with its verbs. */
export function addGuard(context: VerbContext): void {
  const guard = context.program
    .command('guard')
    .description(
      'Judge a candidate against a baseline on the same cases, in the sandbox; adopt, reject or inconclusive',
    );
  addEvaluate(guard, context);
}

function addEvaluate(guard: Command, { terminal, exit }: VerbContext): void {
  evaluates(guard.command('evaluate'))
    .description('Run both implementations over the cases of a task, and say whether the policy lets the candidate in')
    .addHelpText(
      'after',
      `${examples([
        'bulkhead guard evaluate --task tasks.ts#SORT --baseline old.ts --candidate new.ts',
        'bulkhead guard evaluate --task top_k --baseline old.ts --candidate new.ts --report-dir reports --json',
        'bulkhead guard evaluate --task tasks.ts --baseline old.ts --candidate new.ts --policy superiority:margin=0.02 --sequential',
        'bulkhead guard evaluate --task tasks.ts --baseline old.ts --candidate new.ts --monitor latency:alert_ratio=1.1,severity=block',
        'bulkhead guard evaluate --task prompt_pair --baseline old.txt --candidate new.txt --executor llm --backend scripted:answers.json',
      ])}\n\n${EVALUATE_NOTES}\n\n${VERDICT_CODES}`,
    )
    .action(async (options) => exit(await (await import('../guard/evaluate.ts')).evaluateVerb(options, terminal)));
}

const EVALUATE_NOTES = `The file of --task is yours and runs in this process; implementations export solve(...args) and run in the sandbox.
@bulkhead/guard and fast-check are supplied to a task that has not installed them.
With --executor llm an implementation is the text of a prompt. --backend scripted:FILE answers it without a model: a JSON array, such as
'[{"match": "invoice", "text": "billing"}, {"match": "", "text": "other"}]', of which the first whose text is in the request is told.
--json prints {"verdict","adopt","reasons","report"} as the last line of standard output; errors are told on standard error alone.
Patterns of --redact are also taken from BULKHEAD_GUARD_REDACT and METAMORPHIC_GUARD_REDACT, with commas or line breaks between.
Without --summary-file the summary is appended to $GITHUB_STEP_SUMMARY, where that is set.`;

/** Options of verbs that evaluate. */
function evaluates(command: Command): Command {
  return runs(
    command
      .requiredOption('--task <what>', 'FILE#EXPORT, FILE with one task in it, or a name such as top_k')
      .requiredOption('--baseline <file>', 'implementation that is trusted')
      .requiredOption('--candidate <file>', 'implementation that is judged'),
  )
    .option('--n <cases>', 'cases that the task makes (default: 400)', wholeNumber)
    .option(
      '--policy <policy>',
      'noninferiority, superiority, classic, v1 or strict with options, or a TOML file (default: noninferiority)',
    )
    .option('--monitor <spec>', 'watch this, too, such as latency:percentile=0.9; repeatable', collect)
    .option('--executor-baseline <spec>', 'where the baseline alone runs')
    .option('--executor-candidate <spec>', 'where the candidate alone runs')
    .option('--repeats <n>', 'runs of each case by each side (default: 1)', wholeNumber)
    .option('--sequential', 'stop as soon as the policy is decided')
    .option('--cases <file>', 'take cases from JSON lines, each a list of arguments, in place of --n')
    .option('--report-dir <dir>', 'write the report there, in every form, and keep the cases')
    .option('--resume', 'go on from the unfinished cases of the same evaluation in --report-dir')
    .option('--violation-cap <n>', 'violations of a side that are kept in full (default: 25)', countNumber)
    .option('--alert-webhook <url>', 'send what monitors alert of there: https, or this machine')
    .option('--redact <pattern>', 'regular expression of what no report may show; repeatable', collect)
    .option('--summary-file <file>', 'write a summary in Markdown there')
    .option('--json', 'print the verdict as one line of JSON, and nothing else');
}

/** Options of verbs that run implementations. */
function runs(command: Command): Command {
  return command
    .option('--executor <spec>', 'where they run: local, docker, http, llm or plugin, with options (default: local)')
    .option('--func <name>', 'function that is called (default: solve)')
    .option('--seed <n>', 'what cases are made from (default: 42)', countNumber)
    .option('--timeout <seconds>', 'of each run (default: 2)', positiveNumber)
    .option('--mem <MiB>', 'of each run (default: 512)', wholeNumber)
    .option('--parallel <n>', 'cases at once (default: one for each core, at most 4)', wholeNumber)
    .option(
      '--plugins <dir>',
      'plugin folder, or a folder of them, for executors that are plugins; repeatable',
      collect,
    )
    .option('--backend <what>', 'scripted:FILE answers in place of a language model; cassette:FILE is replayed');
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

const DIGITS_MAX = 15;

function wholeNumber(text: string): number {
  if (/^[1-9]\d*$/.test(text) && text.length <= DIGITS_MAX) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

function countNumber(text: string): number {
  if (/^\d+$/.test(text) && text.length <= DIGITS_MAX) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 0.');
}

function positiveNumber(text: string): number {
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Expected a number above 0.');
}
