/**
 * `bulkhead repair` as it is typed; what it needs is loaded when it runs.
 */
import { InvalidArgumentError, type Command } from 'commander';
import { asksForTenant, asksServer, examples, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { countNumber } from '../typed-values.ts';

/** Adds it, with `accept`, `list` and `show`. */
export function addRepair(context: VerbContext): void {
  const { program, terminal, exit } = context;
  const verb = program
    .command('repair')
    .description('Look for a patch of a plugin that fails, and leave a proposal; nothing is applied');
  asksForTenant(verb)
    .argument('<plugin|dir>', 'plugin of a server, or plugin folder')
    .option('--calls <file>', 'calls that fail and calls that must stay, as JSON lines {tool, params, expect?}')
    .option(
      '--backend <what>',
      'who proposes: a language model of bulkhead.toml by its name, or host for any of them (the default, where it has [[llm.backends]]); scripted:FILE, cassette:FILE, or grammar, which needs no model',
    )
    .option('--evaluations <n>', 'patches that are judged at most (default: 20)', wholeNumber)
    .option('--seed <n>', 'what is drawn at random is drawn by it (default: 42)', countNumber)
    .option('--out <dir>', 'folder of the proposal (default: repairs/NAME-N of the data folder)')
    .option('--config <file>', 'configuration file (default: bulkhead.toml, where it is there)')
    .addHelpText(
      'after',
      `${examples([
        'bulkhead repair ./weather --calls failing.jsonl --backend large',
        'bulkhead repair ./weather --calls failing.jsonl --backend scripted:answers.json',
        'bulkhead repair weather --server http://127.0.0.1:7070 --backend grammar',
        'bulkhead repair show weather-1',
        'bulkhead repair accept weather-1',
      ])}\n\nOff until \`repair.enabled = true\` in bulkhead.toml.\nExit codes: 0 a proposal was left, 1 none was found, 2 wrong usage, calls or backend, 130 interrupted.`,
    )
    .action(async (where: string, options) =>
      exit(await (await import('./repair.ts')).repair({ where, ...options }, terminal)),
    );
  addProposals(verb, context);
}

function addProposals(verb: Command, { terminal, exit }: VerbContext): void {
  // What is typed behind the name of a verb below belongs to it and to its parent, which has the same options.
  const typed = (command: Command): ServerOptions => command.optsWithGlobals();
  asksServer(verb.command('accept').description('Publish what a proposal holds as a new release (platform token)'))
    .argument('<proposal>', 'name below repairs of the data folder, or folder')
    .addHelpText('after', examples(['bulkhead repair accept weather-1 --server http://127.0.0.1:7070']))
    .action(async (where: string, _options, command: Command) =>
      exit(await (await import('./repair-proposals.ts')).accept(where, typed(command), terminal)),
    );
  withData(verb.command('list').description('List the proposals that there are'))
    .addHelpText('after', examples(['bulkhead repair list', 'bulkhead repair list --data ./state --json']))
    .action(async (_options, command: Command) =>
      exit(await (await import('./repair-proposals.ts')).list(typed(command), terminal)),
    );
  withData(verb.command('show').description('Show the patch of a proposal, and its evidence'))
    .argument('<proposal>', 'name below repairs of the data folder, or folder')
    .addHelpText('after', examples(['bulkhead repair show weather-1']))
    .action(async (where: string, _options, command: Command) =>
      exit(await (await import('./repair-proposals.ts')).show(where, typed(command), terminal)),
    );
}

function withData(command: Command): Command {
  return command
    .option('--data <dir>', 'data folder (default: .bulkhead)')
    .option('--json', 'print the answer as one line of JSON, and nothing else');
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1 to 9999.');
}
