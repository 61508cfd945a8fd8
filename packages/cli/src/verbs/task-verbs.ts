/**
 * `bulkhead mutate` and `bulkhead render`: verbs whose work is a task, done here or given to a queue. Their options and their help.
 */
import { Option, type Command } from 'commander';
import { asksForTenant, examples, type VerbContext } from '../remote/server-verb.ts';
import { collect, countNumber, parseArguments } from '../typed-values.ts';

/** `mutate`. */
export function addMutate({ program, terminal, exit }: VerbContext): void {
  runsHere(asksForTenant(program.command('mutate')))
    .description('Propose one change of a function, apply it to a copy of its file, and have the copy executed')
    .requiredOption('--target-file <file>', 'file with the function; it stays as it is')
    .requiredOption('--entry-fn <name>', 'the function, which keeps its name and parameters')
    .option(
      '--backend <what>',
      'who proposes: a language model of [[llm.backends]] by its name, or host for any of them; scripted:FILE, cassette:FILE, or grammar, which needs no model; echo and faulty:FAULT,... for tests; with --queue, a backend of the tenant',
    )
    .option('--config <file>', 'configuration file with [[llm.backends]] (default: bulkhead.toml, where it is there)')
    .option('--output <file>', 'where the changed copy goes (default: NAME_mutated.EXT beside the file)')
    .option(
      '--args <json>',
      'list of arguments to call the copy with; without it the copy is only loaded',
      parseArguments,
    )
    .option('--no-execute', 'leave out the execution of the copy')
    .addOption(
      new Option('--form <form>', 'what is asked for: a diff, or the whole new source').choices([
        'diff',
        'full',
      ] as const),
    )
    .option('--seed <n>', 'what is drawn at random is drawn by it (default: 42)', countNumber)
    .addHelpText(
      'after',
      `${examples([
        'bulkhead mutate --target-file bad_sort.ts --entry-fn sort --backend grammar',
        "bulkhead mutate --target-file bad_sort.ts --entry-fn sort --backend grammar --args '[[3,1,2]]'",
        'bulkhead mutate --target-file bad_sort.ts --entry-fn sort --backend scripted:answers.json --output better.ts --sync --json',
        'bulkhead mutate --target-file sort.rs --entry-fn sort --backend scripted:answers.json --plugins ./execute_rust',
        'bulkhead mutate --target-file bad_sort.ts --entry-fn sort --queue --wait',
      ])}\n\nWhat becomes of the execution is told, and is no failure of the change.\nExit codes: 0 changed, 1 no proposal could be taken, 2 wrong usage, file or backend, 130 interrupted.`,
    )
    .action(async (options) =>
      exit(await (await import('./mutate.ts')).mutate({ version: program.version() ?? '', ...options }, terminal)),
    );
}

/** `render`. */
export function addRender({ program, terminal, exit }: VerbContext): void {
  runsHere(asksForTenant(program.command('render')))
    .description('Render a template, or a folder of them, with variables, by whichever handler takes the task')
    .option(
      '--template <file>',
      'the template: {{name}}, {{#list}} ... {{/list}}; plugins/render/README.md has all of it',
    )
    .option(
      '--project [dir]',
      'a folder in place of --template, this one where none is named: files that end in .tmpl, .tpl, .template or .mustache are rendered and lose that ending, others are copied; .git, node_modules and --out are left out',
    )
    .option(
      '--vars <json|file>',
      'the variables: a JSON object, a file with one, or - for standard input (default: vars.json of --project, where it is there)',
    )
    .option(
      '--out <dir|file>',
      'where it goes; with --template a file, or a folder where it is there or its name ends in / (default: standard output); with --project, which needs it, always a folder, which is made where it is not there',
    )
    .addHelpText(
      'after',
      `${examples([
        `bulkhead render --template hello.txt.tmpl --vars '{"name": "Ada"}'`,
        'bulkhead render --template page.html.tmpl --vars page.json --out ./build/ --json',
        'bulkhead render --template page.html.tmpl --vars page.json --out page.html --queue --wait',
        'bulkhead render --project --out ./build',
        'bulkhead render --project ./site --out ./build',
        'bulkhead render --project ./site --vars live.json --out ./build --dry-run',
        'bulkhead render --project ./site --out ./build --queue --wait',
      ])}\n\nA project is written whole or not at all; files in --out that are not of it stay.\nExit codes: 0 rendered, 1 it could not be, 2 wrong usage or file, 130 interrupted.`,
    )
    .action(async (options) =>
      exit(await (await import('./render.ts')).render({ version: program.version() ?? '', ...options }, terminal)),
    );
}

/** Options of verbs that run a task here, or give it to a queue. */
function runsHere(command: Command): Command {
  return command
    .option('--sync', 'do it in this process and wait for it, as is done where it is left out')
    .option('--queue', 'give it to the queue of a server or of BULKHEAD_DATABASE_URL, and print the id of the task')
    .option('--wait', 'with --queue: wait for the task, and write and show what came of it')
    .option('--dry-run', 'write nothing, execute nothing; with --queue, print the task in place of giving it')
    .option(
      '--plugins <dir>',
      'folder of plugin folders, or one plugin folder, whose handlers may take it; repeatable',
      collect,
    )
    .option('--grant <name=perm,...>', 'grant permissions to a plugin of --plugins; repeatable', collect)
    .option(
      '--handler <name>',
      'a handler that may take it, by its entry point or class (default: all); repeatable',
      collect,
    )
    .option('--tags <tag,...>', 'what this machine can do beyond what is found here, as capability tags')
    .option('-v, --verbose', 'say what is asked of whom, and who did it');
}
