/**
 * `bulkhead guard` as it is typed; what a verb does is loaded when it runs.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { examples, type VerbContext } from '../remote/server-verb.ts';
import { addPolicyVerbs } from './guard-policy-verbs.ts';
import { addReportVerbs } from './guard-report-verbs.ts';
import { collect, countNumber, wholeNumber } from '../typed-values.ts';

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
  addRegressionGuard(guard, context);
  addReplay(guard, context);
  addCompare(guard, context);
  addReport(guard, context);
  addPower(guard, context);
  addStability(guard, context);
  addRelations(guard, context);
  addQuality(guard, context);
  addPolicyVerbs(guard, context);
  addAudit(guard, context);
  addReportVerbs(guard, context);
  addBeginning(guard, context);
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

function addRegressionGuard(guard: Command, { terminal, exit }: VerbContext): void {
  evaluates(guard.command('regression-guard'))
    .description('The same for CI, where only a candidate that is shown to be worse may stop a change')
    .addOption(
      new Option('--fail-on <verdict>', 'the least verdict that fails')
        .choices(['reject', 'inconclusive'])
        .default('reject'),
    )
    .addHelpText(
      'after',
      `${examples([
        'bulkhead guard regression-guard --task tasks.ts#SORT --baseline main.ts --candidate branch.ts --sequential',
        'bulkhead guard regression-guard --task tasks.ts#SORT --baseline main.ts --candidate branch.ts --fail-on inconclusive',
      ])}\n\nExit codes: as evaluate, but that inconclusive is 0 with a warning unless --fail-on says otherwise.`,
    )
    .action(async (options) => exit(await (await import('../guard/evaluate.ts')).evaluateVerb(options, terminal)));
}

function addReplay(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('replay')
    .description('Decide again from a report and its cases, and say whether it comes out as reported')
    .argument('<report>', 'JSON report')
    .option('--cases <file>', 'file of cases (default: the one that the report names, where it is beside it)')
    .option('--json', 'print what came of it as one line of JSON')
    .addHelpText(
      'after',
      `${examples([
        'bulkhead guard replay reports/report_20260304_050607.json',
        'bulkhead guard replay report.json --cases cases.ndjson --json',
      ])}\n\nExit codes: 0 as reported, 1 otherwise, 2 where the report or its cases cannot be read.`,
    )
    .action(async (report, options) =>
      exit(await (await import('../guard/replay.ts')).replayVerb({ report, ...options }, terminal)),
    );
}

function addCompare(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('compare')
    .description('Say what two reports differ in: verdict, rates, flips, alerts, and what was judged')
    .argument('<before>', 'JSON report')
    .argument('<after>', 'JSON report')
    .option('--json', 'print the differences as one line of JSON')
    .addHelpText(
      'after',
      `${examples(['bulkhead guard compare before.json after.json', 'bulkhead guard compare before.json after.json --json'])}\n\nExit codes: 0 without a difference (times are none), 1 with one, 2 where a report cannot be read.`,
    )
    .action(async (before, after, options) =>
      exit(await (await import('../guard/compare.ts')).compareVerb({ before, after, ...options }, terminal)),
    );
}

function addReport(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('report')
    .description('Write a report in another form')
    .argument('<report>', 'JSON report')
    .addOption(
      new Option('--format <form>', 'which form')
        .choices(['html', 'markdown', 'junit', 'text', 'json'])
        .default('text'),
    )
    .option('--out <file>', 'write it there (default: print it)')
    .addHelpText(
      'after',
      examples([
        'bulkhead guard report report.json',
        'bulkhead guard report report.json --format html --out report.html',
      ]),
    )
    .action(async (report, options) =>
      exit(await (await import('../guard/render-report.ts')).reportVerb({ report, ...options }, terminal)),
    );
}

function addPower(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('power')
    .description('Say how many cases it takes: of a fixed design, and of the default policy for identical outputs')
    .option('--discordance <share>', 'cases that only one side passes', shareNumber, 0.1)
    .option('--delta <share>', 'difference of pass rates to be found', shareNumber, 0.05)
    .option('--alpha <share>', 'two-sided level of the test', shareNumber, 0.05)
    .option('--power <share>', 'probability to find it', shareNumber, 0.8)
    .option('--n <cases>', 'cases that there are: the smallest difference that they find (default: 400)', wholeNumber)
    .option('--json', 'print the figures as one line of JSON')
    .addHelpText(
      'after',
      examples(['bulkhead guard power', 'bulkhead guard power --discordance 0.05 --delta 0.02 --n 1000 --json']),
    )
    .action(async (options) => exit(await (await import('../guard/power.ts')).powerVerb(options, terminal)));
}

function addStability(guard: Command, { terminal, exit }: VerbContext): void {
  runs(guard.command('stability').alias('stability-audit'))
    .description('Run one implementation against itself, again and again, and list cases that come out differently')
    .option('--task <what>', TASK, 'task.ts')
    .option('--implementation <file>', 'implementation', 'baseline.ts')
    .option('--n <cases>', 'cases that the task makes (default: 100)', wholeNumber)
    .option('--repeats <n>', 'runs of each case on each of two sides (default: 3)', wholeNumber)
    .option('--json', 'print what was found as one line of JSON')
    .addHelpText(
      'after',
      `${examples(['bulkhead guard stability --task tasks.ts#SORT --implementation sort.ts --repeats 5'])}\n\nExit codes: 0 where every case is stable, 1 where one is not, 2 where nothing could be run.`,
    )
    .action(async (options) => exit(await (await import('../guard/stability.ts')).stabilityVerb(options, terminal)));
}

function addRelations(guard: Command, { terminal, exit }: VerbContext): void {
  const relations = guard
    .command('relations')
    .alias('mr')
    .description('Relations between results of changed inputs: what there is, and what holds');
  runs(relations.command('suggest').alias('discover'))
    .description(
      'Try the relations of the library on an implementation that is trusted, and print those that hold as lines to paste',
    )
    .option('--task <what>', TASK, 'task.ts')
    .option('--implementation <file>', 'implementation that is trusted', 'baseline.ts')
    .option('--n <cases>', 'cases that the task makes (default: 100)', wholeNumber)
    .option('--argument <n>', 'which argument is changed, from 0 (default: 0)', countNumber)
    .option('--count-argument <n>', 'which argument says how many are asked for, from 0', countNumber)
    .option('--json', 'print what was found as one line of JSON')
    .addHelpText(
      'after',
      examples(['bulkhead guard relations suggest --task top_k --implementation top-k.ts --count-argument 1']),
    )
    .action(async (options) => exit(await (await import('../guard/relations.ts')).suggestVerb(options, terminal)));
  relations
    .command('library')
    .description('List the relations of the library')
    .option('--json', 'print them as one line of JSON')
    .addHelpText('after', examples(['bulkhead guard relations library']))
    .action(async (options) => exit(await (await import('../guard/relations.ts')).libraryVerb(options, terminal)));
  relations
    .command('list')
    .description('List the relations of a task')
    .option('--task <what>', TASK, 'task.ts')
    .option('--json', 'print them as one line of JSON')
    .addHelpText('after', examples(['bulkhead guard relations list --task tasks.ts#SORT']))
    .action(async (options) => exit(await (await import('../guard/relations.ts')).listVerb(options, terminal)));
  runs(relations.command('validate'))
    .description('Ask every relation of a task of an implementation that is trusted, and say which hold')
    .option('--task <what>', TASK, 'task.ts')
    .option('--implementation <file>', 'implementation that is trusted', 'baseline.ts')
    .option('--n <cases>', 'cases that the task makes (default: 100)', wholeNumber)
    .option('--json', 'print what was found as one line of JSON')
    .addHelpText(
      'after',
      `${examples(['bulkhead guard relations validate --task tasks.ts#SORT --implementation sort.ts'])}\n\nExit codes: 0 where every relation was asked and holds, 1 where one does not, 2 where nothing could be run.`,
    )
    .action(async (options) =>
      exit(await (await import('../guard/relation-verbs.ts')).validateVerb(options, terminal)),
    );
  relations
    .command('prioritize')
    .description('Order relations by what they found in reports: those first that candidates broke and baselines kept')
    .argument('<report...>', 'JSON reports')
    .option('--json', 'print them as one line of JSON')
    .addHelpText('after', examples(['bulkhead guard relations prioritize reports/report_20260304_050607.json']))
    .action(async (files, options) =>
      exit(await (await import('../guard/relation-verbs.ts')).prioritizeVerb(files, options, terminal)),
    );
}

function addQuality(guard: Command, { terminal, exit }: VerbContext): void {
  runs(guard.command('quality'))
    .description('Put mutants of the baseline before the gate, and say which it lets pass')
    .option('--task <what>', TASK, 'task.ts')
    .option('--baseline <file>', 'implementation that is trusted', 'baseline.ts')
    .option('--n <cases>', 'cases that the task makes (default: 100)', wholeNumber)
    .option('--policy <policy>', 'as of evaluate (default: noninferiority)')
    .option('--mutants <n>', 'how many at most (default: 20)', wholeNumber)
    .option('--json', 'print what was found as one line of JSON')
    .addHelpText(
      'after',
      `${examples(['bulkhead guard quality --task tasks.ts#SORT --baseline sort.ts --mutants 50'])}\n\nA mutant is killed where the verdict is reject. Exit codes: 0 where it could be counted, 2 otherwise.`,
    )
    .action(async (options) => exit(await (await import('../guard/quality.ts')).qualityVerb(options, terminal)));
}

function addAudit(guard: Command, { terminal, exit }: VerbContext): void {
  const audit = guard.command('audit').description('Look after the log of reports');
  audit
    .command('verify')
    .description('Say whether the audit log of a folder of reports is as it was written')
    .argument('<dir>', 'folder of reports')
    .option('--json', 'print what was found as one line of JSON')
    .addHelpText('after', examples(['bulkhead guard audit verify reports']))
    .action(async (dir, options) =>
      exit(await (await import('../guard/audit-verify.ts')).auditVerifyVerb({ dir, ...options }, terminal)),
    );
  audit
    .command('tail')
    .description('Show the last lines of the audit log of a folder of reports')
    .argument('<dir>', 'folder of reports')
    .option('--n <lines>', 'how many', wholeNumber, 10)
    .option('--json', 'print them as one line of JSON')
    .addHelpText(
      'after',
      `${examples(['bulkhead guard audit tail reports', 'bulkhead guard audit tail reports --n 50 --json'])}\n\nExit codes: 0 where the log is whole, 1 where a line is not as it was written, 2 where there is no log.`,
    )
    .action(async (dir, options) =>
      exit(await (await import('../guard/audit-tail.ts')).auditTailVerb({ dir, ...options }, terminal)),
    );
}

function addBeginning(guard: Command, { terminal, exit }: VerbContext): void {
  guard
    .command('init')
    .description(
      'Make a folder with a task, a baseline and a candidate, where `bulkhead guard evaluate` ends with adopt',
    )
    .argument('[dir]', 'folder to make', 'guard')
    .addHelpText(
      'after',
      examples(['bulkhead guard init', 'bulkhead guard init checks && cd checks && bulkhead guard evaluate']),
    )
    .action(async (dir) => exit(await (await import('../guard/init-folder.ts')).initVerb(dir, terminal)));
  guard
    .command('demo')
    .description('Show an evaluation that ends with adopt and one that ends with reject, in a folder that is removed')
    .addHelpText('after', examples(['bulkhead guard demo']))
    .action(async () => exit(await (await import('../guard/demo.ts')).demoVerb(terminal)));
  guard
    .command('catalog')
    .description('List tasks, monitors, executors, policies and relations that may be named without a file')
    .option('--json', 'print them as one line of JSON')
    .addHelpText('after', examples(['bulkhead guard catalog', 'bulkhead guard catalog --json']))
    .action(async (options) => exit(await (await import('../guard/catalog.ts')).catalogVerb(options, terminal)));
  guard
    .command('scaffold-plugin')
    .description('Make a plugin with an executor or a monitor that passes its checks and contracts as it stands')
    .argument('<name>', 'name of the plugin, and of its folder')
    .addOption(new Option('--kind <kind>', 'what it offers').choices(['executor', 'monitor']).default('monitor'))
    .option('--style <style>', 'as of `bulkhead init`')
    .option('--lang <lang>', 'as of `bulkhead init`')
    .addHelpText(
      'after',
      examples([
        'bulkhead guard scaffold-plugin slow-alarm --kind monitor',
        'bulkhead guard scaffold-plugin remote-lab --kind executor && bulkhead check remote-lab',
      ]),
    )
    .action(async (name, options) => exit(await (await import('./init.ts')).init({ name, ...options }, terminal)));
}

const EVALUATE_NOTES = `The file of --task is yours and runs in this process; implementations export solve(...args) and run in the sandbox.
@bulkhead/guard and fast-check are supplied to a task that has not installed them.
With --executor llm an implementation is the text of a prompt. --backend scripted:FILE answers it without a model: a JSON array, such as
'[{"match": "invoice", "text": "billing"}, {"match": "", "text": "other"}]', of which the first whose text is in the request is told.
--json prints {"verdict","adopt","reasons","report"} as the last line of standard output; errors are told on standard error alone.
Patterns of --redact are also taken from BULKHEAD_GUARD_REDACT and METAMORPHIC_GUARD_REDACT, with commas or line breaks between.
Without --summary-file the summary is appended to $GITHUB_STEP_SUMMARY, where that is set.`;

const TASK = 'FILE#EXPORT, FILE with one task in it, or a name such as top_k';

/** Options of verbs that evaluate. */
function evaluates(command: Command): Command {
  return runs(
    command
      .option('--task <what>', TASK, 'task.ts')
      .option('--baseline <file>', 'implementation that is trusted', 'baseline.ts')
      .option('--candidate <file>', 'implementation that is judged', 'candidate.ts'),
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

function positiveNumber(text: string): number {
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Expected a number above 0.');
}

function shareNumber(text: string): number {
  if (/^(?:0?\.\d{1,12}|1)$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Expected a share above 0 up to 1, such as 0.05.');
}
