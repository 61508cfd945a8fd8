/**
 * `bulkhead queue`: tasks that wait, are worked on, or have ended; of a server, or of the store of one that does not run.
 */
import type { TaskKind } from '@bulkhead/protocol';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { TaskState } from '@bulkhead/host';
import type { AddOptions } from '../queue/add-task.ts';
import { kindOption, limitOption, useQueue } from '../queue/queue-options.ts';
import { showPage, showTask } from '../queue/show-tasks.ts';
import { asksForTenant, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { plain } from '../table.ts';
import { addDeadLetterShortcuts, addDeadLetterVerbs } from './queue-dlq.ts';

type ListOptions = ServerOptions & {
  readonly state?: TaskState;
  readonly kind?: TaskKind;
  readonly before?: string;
  readonly limit: number;
};

/** Adds `queue list|show|cancel|add` and `queue dlq`. */
export function addQueueVerbs(context: VerbContext): void {
  const queue = context.program.command('queue').description('List, give and cancel tasks, and see to dead letters');
  const within = { ...context, program: queue };
  addList(within);
  addOne(within);
  addAdd(within);
  addDeadLetterVerbs(within);
  addDeadLetterShortcuts(within);
}

const STATES = ['queued', 'active', 'done', 'dead', 'cancelled'] as const;
function addList({ program, terminal }: VerbContext): void {
  asksForTenant(program.command('list').description('List tasks, newest first'))
    .addOption(new Option('--state <state>', 'only tasks in this state').choices(STATES))
    .addOption(kindOption('only tasks of this kind'))
    .option('--before <id>', 'only those that came before this one')
    .addOption(limitOption())
    .addHelpText(
      'after',
      examples(['bulkhead queue list', 'bulkhead queue list --state active --kind execute --limit 20 --json']),
    )
    .action(async (options: ListOptions) => {
      const { state, kind, before, limit } = options;
      const only = { ...(state !== undefined && { state }), ...(kind !== undefined && { kind }) };
      const query = { ...only, ...(before !== undefined && { before }), limit };
      print({ terminal, options }, await useQueue({ options, terminal }, (queue) => queue.list(query)), showPage);
    });
}

function addOne({ program, terminal }: VerbContext): void {
  const one = (command: Command, example: string): Command =>
    asksForTenant(command)
      .argument('<id>', 'id of the task')
      .addHelpText('after', examples([example]));
  const id = '0b5c9e6f4d3a21870b5c9e6f4d3a2187';
  one(
    program.command('show').alias('inspect').description('Show a task with its payload and its result'),
    `bulkhead queue show ${id}`,
  ).action(async (given: string, options: ServerOptions) =>
    print({ terminal, options }, await useQueue({ options, terminal }, (queue) => queue.show(given)), showTask),
  );
  one(
    program.command('cancel').description('End a task that is not done; whoever works on it is told'),
    `bulkhead queue cancel ${id}`,
  ).action(async (given: string, options: ServerOptions) => {
    const kept = await useQueue({ options, terminal }, (queue) => queue.cancel(given));
    print({ terminal, options }, kept, () => terminal.result(`${plain(kept.task.id)} is ${kept.state}`));
  });
}

function addAdd({ program, terminal, exit }: VerbContext): void {
  asksForTenant(program.command('add').description('Give a task to whatever worker is able to do it'))
    .addOption(kindOption('what is to be done').makeOptionMandatory())
    .option('--payload <json>', 'what its handler is told: JSON, @FILE, or - for standard input', '{}')
    .addOption(
      new Option('--requires <tags>', 'tags that its worker must have').argParser(parseTags).default([], 'none'),
    )
    .option('--priority <n>', 'from -100 to 100; higher goes first', parseWhole)
    .option('--deadline <time>', 'as 2026-01-01T12:00:00Z; later nobody is given it')
    .option('--max-retry <n>', 'how often it is tried again (default: 3)', parseWhole)
    .option('--id <id>', 'at least 16 hexadecimal digits; given again, nothing changes')
    .option('--wait', 'wait until it has ended, and print it; exits 1 where it is not done')
    .addHelpText(
      'after',
      examples([
        `bulkhead queue add --kind render --payload '{"template":"Hello {{name}}","vars":{"name":"Ada"}}' --requires cpu`,
        'bulkhead queue add --kind execute --payload @task.json --requires docker,cpu --wait --json',
      ]),
    )
    .action(async (options: AddOptions) =>
      exit(await (await import('../queue/add-task.ts')).addTask(options, { terminal, showTask })),
    );
}

function parseWhole(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number.');
}

function parseTags(text: string): readonly string[] {
  return text.split(',').filter((tag) => tag !== '');
}
