/**
 * `bulkhead evolve`: its verbs, their options and their help.
 */
import { InvalidArgumentError, type Command } from 'commander';
import type { RunVerbOptions, StepOptions } from '../evolve/run.ts';
import { examples, namesServer, namesTenant, type VerbContext } from '../remote/server-verb.ts';
import { countNumber, wholeNumber } from '../typed-values.ts';
import { UsageError } from '../usage-error.ts';

const EXIT_CODES =
  'Exit codes: 0 a better program was found, and promoted unless [promotion] is off; 1 none was, or it was not promoted; 2 wrong usage; 130 interrupted.';
const RUN_NOTES = `A run is a folder (--out; .bulkhead/evolve/NAME-SEED where it is left out). Ctrl-C and kill -9 lose nothing: \`bulkhead evolve resume DIR\` goes on to
the same lineage. --json prints {"best","evaluations","lineage_hash","control_best",...} as the last line of standard output.`;

const METRICS_PORT = 'serve /metrics on 127.0.0.1 meanwhile; 0 picks a free port';
const DASHBOARD = 'show the report on 127.0.0.1 while it grows; a free port where none is named';
const CHECKPOINT = 'the same as --out: the folder of a run is its checkpoint';

/** Adds it. */
export function addEvolve(context: VerbContext): void {
  const evolve = context.program
    .command('evolve')
    .description('Search for a better version of a function, under a judge that it never sees');
  addInit(evolve, context);
  addRun(evolve, context);
  addResume(evolve, context);
  addStep(evolve, context);
  addStatus(evolve, context);
  addExport(evolve, context);
}

function addInit(evolve: Command, { terminal, exit }: VerbContext): void {
  evolve
    .command('init')
    .description('Make a folder with a configuration, a task and a program, where a run finds a better one')
    .argument('[dir]', 'folder to make', 'evolve')
    .addHelpText('after', examples(['bulkhead evolve init', 'bulkhead evolve init larger']))
    .action(async (dir) => exit(await (await import('../evolve/init.ts')).initVerb(dir, terminal)));
}

function addRun(evolve: Command, { terminal, exit }: VerbContext): void {
  const run = evolve
    .command('run')
    .description('Search, compare with the control, and promote the winner on fresh cases')
    .requiredOption('--config <file>', 'evolve.toml; the files that it names lie beside it')
    .option('--seed <n>', 'what is drawn at random is drawn by it', countNumber)
    .option('--evaluations <n>', 'programs that are proposed at most', wholeNumber)
    .option('--generations <n>', 'the same by its other name: each makes one program', wholeNumber)
    .option('--target <score>', 'end where the best has this score', anyNumber)
    .option('--target-ms <ms>', 'end where the best takes no longer; for the objective "speed"', milliseconds)
    .option('--workers <n>', 'programs that are worked on at once; the lineage is the same', wholeNumber)
    .option('--out <dir>', 'folder of the run')
    .option('--checkpoint <dir>', CHECKPOINT)
    .option('--metrics-port <n>', METRICS_PORT, countNumber)
    .option('--dashboard [port]', DASHBOARD, countNumber)
    .option('--resume', 'go on with the run of the folder that has not ended, if there is one')
    .option('--json', 'print the summary as one line of JSON, and nothing else')
    .addHelpText(
      'after',
      `${examples([
        'bulkhead evolve run --config examples/evolve/k_module/evolve.toml --seed 1 --json',
        'bulkhead evolve run --config evolve.toml --out runs/1 --workers 4 --resume --dashboard',
        'bulkhead evolve run --config evolve.toml --queue --server https://bulkhead.example.com --workers 16',
      ])}\n\n${RUN_NOTES}\n\n${EXIT_CODES}`,
    )
    .action(async ({ generations, ...options }) => {
      const asked = withFolder<RunVerbOptions & FolderNames>(
        generations === undefined ? options : { evaluations: generations, ...options },
      );
      exit(await (await import('../evolve/run.ts')).runVerb(asked, terminal));
    });
  inQueue(run);
}

function addResume(evolve: Command, { terminal, exit }: VerbContext): void {
  const resume = evolve
    .command('resume')
    .description('Go on with a run that was stopped, or cut off, to the lineage that it would have had')
    .argument('<dir>', 'folder of the run')
    .option('--workers <n>', 'programs that are worked on at once', wholeNumber)
    .option('--metrics-port <n>', METRICS_PORT, countNumber)
    .option('--dashboard [port]', DASHBOARD, countNumber)
    .option('--json', 'as of run')
    .addHelpText('after', `${examples(['bulkhead evolve resume .bulkhead/evolve/k_module-1'])}\n\n${EXIT_CODES}`)
    .action(async (dir, options) =>
      exit(await (await import('../evolve/run.ts')).resumeVerb({ dir, ...options }, terminal)),
    );
  inQueue(resume);
}

function addStep(evolve: Command, { terminal, exit }: VerbContext): void {
  evolve
    .command('step')
    .description('Make one evaluation of a run, and print what the best is now as one line of JSON')
    .argument('[dir]', 'folder of the run')
    .option('--config <file>', 'in place of the folder: begin this run, or go on with it')
    .option('--seed <n>', 'as of run', countNumber)
    .option('--out <dir>', 'as of run')
    .option('--checkpoint <dir>', 'as of run')
    .option('--json', 'print the summary as JSON where the step was the last of the run')
    .addHelpText(
      'after',
      examples([
        'bulkhead evolve step .bulkhead/evolve/k_module-1',
        'bulkhead evolve step --config evolve.toml --seed 1',
      ]),
    )
    .action(async (dir, typed) => {
      const options = withFolder<StepOptions & FolderNames>(typed);
      const asked = dir === undefined ? options : { dir, ...options };
      exit(await (await import('../evolve/run.ts')).stepVerb(asked, terminal));
    });
}

function addStatus(evolve: Command, { terminal, exit }: VerbContext): void {
  evolve
    .command('status')
    .description('Say how far a run is, while somebody works on it or not')
    .argument('<dir>', 'folder of the run')
    .option('--json', 'print it as one line of JSON')
    .addHelpText('after', examples(['bulkhead evolve status .bulkhead/evolve/k_module-1 --json']))
    .action(async (dir, options) =>
      exit(await (await import('../evolve/status.ts')).statusVerb({ dir, ...options }, terminal)),
    );
}

function addExport(evolve: Command, { terminal, exit }: VerbContext): void {
  evolve
    .command('export')
    .description('Write the winner, every program, and the lineage as JSON and for Graphviz')
    .argument('<dir>', 'folder of the run')
    .option('--out <dir>', 'where to (default: export in the folder of the run)')
    .option('--json', 'print what was written as one line of JSON')
    .addHelpText('after', examples(['bulkhead evolve export .bulkhead/evolve/k_module-1 --out programs']))
    .action(async (dir, options) =>
      exit(await (await import('../evolve/export.ts')).exportVerb({ dir, ...options }, terminal)),
    );
}

/** Which queue has the candidates, where one has. */
function inQueue(command: Command): void {
  const about =
    'workers of a queue run the candidates, as tasks of kind execute; winners are compared on this machine all the same';
  namesTenant(namesServer(command.option('--queue', about)));
}

type FolderNames = { readonly out?: string; readonly checkpoint?: string };

/** Two names of one option (X000-21). */
function withFolder<Options extends FolderNames>({ checkpoint, ...options }: Options): Omit<Options, 'checkpoint'> {
  if (checkpoint === undefined) return options;
  if (options.out !== undefined && options.out !== checkpoint)
    throw new UsageError(
      `--out is ${options.out} and --checkpoint is ${checkpoint}, which are two names of one folder`,
      'Give one of them.',
    );
  return { ...options, out: checkpoint };
}

function milliseconds(text: string): number {
  const value = anyNumber(text);
  if (value >= 0) return value;
  throw new InvalidArgumentError('Expected milliseconds, 0 or more.');
}

function anyNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}
