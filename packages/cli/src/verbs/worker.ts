/**
 * `bulkhead worker start|ps|kill|add`: the verbs and their options; what they need is loaded when one runs.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { examples, type VerbContext } from '../remote/server-verb.ts';
import { collect } from '../typed-values.ts';

/** Adds them. */
export function addWorkerVerbs(context: VerbContext): void {
  const worker = context.program
    .command('worker')
    .description('Run workers: they claim tasks of a queue, and do them with the handlers of plugins');
  addStart(worker, context);
  addAdd(worker, context);
  addPs(worker, context);
  addKill(worker, context);
}

function addStart(worker: Command, { program, terminal, exit }: VerbContext): void {
  withStartOptions(worker.command('start'))
    .description('Work in the foreground until there is a reason to go: a signal, nothing to do, the longest time')
    .option('--once', 'claim exactly one task')
    .option('--id <name>', 'name of the worker in results and lists; made up where it is left out')
    .option('--warm-pool <n>', 'start workers instead, each for one task: so many beyond what waits', parseCount)
    .option('--max-parallel <n>', 'of those at most so many at once', parseCount)
    .option('--metrics-port <n>', 'serve /metrics on 127.0.0.1; 0 picks a free port', parsePort)
    .option('--json', 'print each event as one line of JSON: ready, claimed, task, waits, delivered, away, exit')
    .addHelpText(
      'after',
      `${examples([
        'bulkhead worker start --plugins ./plugins --tags cpu,docker',
        'BULKHEAD_DATABASE_URL=postgres://... bulkhead worker start --plugins ./plugins --concurrency 4',
        'bulkhead worker start --server https://tasks.example.com --plugins ./plugins --once --json',
        'bulkhead worker start --warm-pool 2 --max-parallel 10 --metrics-port 9464',
      ])}\n\nThe token is BULKHEAD_TOKEN, or that of --data. Exit codes: 0 it left, also by a signal; 1 an error.`,
    )
    .action(async (options) => {
      const asked = { ...options, version: program.version() ?? '' };
      return exit(await (await import('./worker-start.ts')).startWorker(asked, terminal));
    });
}

function addAdd(worker: Command, { terminal, exit }: VerbContext): void {
  withStartOptions(worker.command('add'))
    .description('Start workers that go on without this terminal; each logs to a file below the data folder')
    .argument('[n]', 'how many', parseCount, 1)
    .option('--json', 'print them as one line of JSON')
    .addHelpText(
      'after',
      examples([
        'bulkhead worker add 4 --plugins ./plugins --tags cpu',
        'bulkhead worker add --server http://host:7070',
      ]),
    )
    .action(async (count: number, options) =>
      exit(await (await import('./worker-add.ts')).addWorkers(count, options, terminal)),
    );
}

function addPs(worker: Command, { terminal, exit }: VerbContext): void {
  worker
    .command('ps')
    .description('List the workers of this machine that live')
    .option('--data <dir>', 'data folder that they were started with (default: .bulkhead)')
    .option('-v, --verbose', 'show their handlers, their queue and their process, too')
    .option('--json', 'print them as one line of JSON')
    .addHelpText('after', examples(['bulkhead worker ps', 'bulkhead worker ps -v', 'bulkhead worker ps --json']))
    .action(async (options) => exit(await (await import('./worker-ps.ts')).listWorkers(options, terminal)));
}

function addKill(worker: Command, { terminal, exit }: VerbContext): void {
  worker
    .command('kill')
    .description('Have workers of this machine finish what they have in hand, and end')
    .argument('[id...]', 'names of workers, as `worker ps` shows them')
    .option('--all', 'every one')
    .option('--wait <s>', 'how long to wait for their end', parseCount, 60)
    .option('--data <dir>', 'data folder that they were started with (default: .bulkhead)')
    .option('--json', 'print what became of each as one line of JSON')
    .addHelpText(
      'after',
      examples(['bulkhead worker kill --all', 'bulkhead worker kill host-4711-0a1b2c3d --wait 300']),
    )
    .action(async (ids: readonly string[], options) =>
      exit(await (await import('./worker-kill.ts')).killWorkers(ids, options, terminal)),
    );
}

/** What every worker may be started with. */
function withStartOptions(command: Command): Command {
  return command
    .option('--tags <tag,...>', 'what this machine can do (default: cpu,node)', parseList)
    .option('--plugins <dir>', 'plugin folder, or a folder of them; repeatable (default: what comes along)', collect)
    .option('--allow <name,...>', 'only these handlers, by the names of entry points or classes', parseList)
    .option('--grant <name=perm,...>', 'grant permissions to a plugin; repeatable', collect)
    .option('--concurrency <n>', 'tasks in hand at once (default: 1)', parseCount)
    .option('--idle-exit <s>', 'leave after so many seconds without a task (default: 600)', parseCount)
    .option('--max-uptime <s>', 'leave after so many seconds (default: 14400)', parseCount)
    .addOption(new Option('--lease-ms <n>', 'for how long it may be silent (default: 10000)').argParser(parseCount))
    .option('--server <url>', 'server to ask for tasks; where it is left out, BULKHEAD_DATABASE_URL goes first')
    .option('--token <text>', 'others on the machine can see it; default: BULKHEAD_TOKEN, or the file of --data')
    .option('--data <dir>', 'data folder of this machine, for lists of workers (default: .bulkhead)')
    .option('--config <file>', 'configuration file (default: bulkhead.toml, where it is there)');
}

function parseList(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim());
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/u.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

const PORT_MAX = 65_535;

function parsePort(text: string): number {
  if (/^\d{1,5}$/u.test(text) && Number(text) <= PORT_MAX) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${PORT_MAX}.`);
}
