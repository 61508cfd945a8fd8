/**
 * `bulkhead agent` as it is typed; what it needs is loaded when it runs.
 */
import { InvalidArgumentError } from 'commander';
import { asksForTenant, examples, type VerbContext } from '../remote/server-verb.ts';

/** Adds it. */
export function addAgent({ program, terminal, exit }: VerbContext): void {
  asksForTenant(program.command('agent').description('Have a language model answer with the tenant’s tools'))
    .argument('<prompt>', 'what is asked')
    .option(
      '--backend <backend>',
      'language model by name; with --plugins also scripted:FILE or cassette:FILE; by weight where it is left out',
    )
    .option(
      '--plugins <dir>',
      'without a server: plugins of this folder, in a sandbox for this run; repeatable',
      collect,
    )
    .option('--grant <name=perm,...>', 'with --plugins: grant permissions to a plugin; repeatable', collect)
    .option('--instructions <text>', 'how the agent is to behave')
    .option('--only <name...>', 'plugins whose tools it may call; all where none are named')
    .option('--max-steps <n>', 'answers of the model (default: 20)', wholeNumber)
    .option('--max-tokens <n>', 'budget, read and written together', wholeNumber)
    .option('--max-usd <n>', 'budget in US dollars, of what is known to cost any', positiveNumber)
    .option('--timeout-ms <n>', 'time limit of the whole run', wholeNumber)
    .option('--approve', 'call tools that need approval without asking')
    .addHelpText(
      'after',
      `${examples([
        'bulkhead agent "What is 2 + 3?" --backend mock',
        'bulkhead agent "What is 2 + 3?" --plugins ./plugins --backend scripted:answers.json',
        'bulkhead agent "Summarise the open issues" --only github --max-steps 10 --max-usd 0.50',
      ])}\n\nExit codes: 0 ok or waiting for approval, 1 no server, 2 wrong usage, 10 to 26 as the outcome's kind (docs/operator.md).`,
    )
    .action(async (prompt, options) =>
      exit(await (await import('./agent.ts')).agent({ prompt, ...options }, terminal)),
    );
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number of at least 1.');
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('Expected a number above 0.');
}
