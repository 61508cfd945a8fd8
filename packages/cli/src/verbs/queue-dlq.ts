/**
 * `bulkhead queue dlq`: dead letters, which no worker is given any more until somebody sends them back (X000-12).
 */
import type { DeadTasks } from '@bulkhead/host';
import type { TaskKind } from '@bulkhead/protocol';
import { Option } from 'commander';
import { EXPORT_FORMATS, exportDead, type ExportFormat } from '../queue/export-dead.ts';
import { kindOption, limitOption, useQueue } from '../queue/queue-options.ts';
import { showPage, showTask } from '../queue/show-tasks.ts';
import { asksForTenant, examples, print, type ServerOptions, type VerbContext } from '../remote/server-verb.ts';
import { UsageError } from '../usage-error.ts';

type KindOptions = ServerOptions & { readonly kind?: TaskKind };
type ListOptions = KindOptions & { readonly limit: number; readonly before?: string };

/** Adds `dlq list|retry|inspect|export`. */
export function addDeadLetterVerbs(context: VerbContext): void {
  const dlq = context.program.command('dlq').description('List, read, export and send back dead letters');
  const within = { ...context, program: dlq };
  addList(within);
  addRetry(within);
  addInspect(within);
  addExport(within);
}

/** Adds `retry` and `export` to `queue` itself: only dead letters are sent back and exported. */
export function addDeadLetterShortcuts(context: VerbContext): void {
  addRetry(context);
  addExport(context);
}

function addList({ program, terminal }: VerbContext): void {
  asksForTenant(program.command('list').description('List dead letters, newest first, each with its reason'))
    .addOption(kindOption('only tasks of this kind'))
    .option('--before <id>', 'only those that came before this one')
    .addOption(limitOption())
    .addHelpText('after', examples(['bulkhead queue dlq list', 'bulkhead queue dlq list --kind mutate --json']))
    .action(async (options: ListOptions) => {
      const { kind, before, limit } = options;
      const only = { ...(kind !== undefined && { kind }), ...(before !== undefined && { before }) };
      const page = await useQueue({ options, terminal }, (queue) => queue.list({ ...only, state: 'dead', limit }));
      print({ terminal, options }, page, showPage);
    });
}

function addRetry({ program, terminal }: VerbContext): void {
  asksForTenant(program.command('retry').description('Send dead letters back: they begin anew, with no attempts'))
    .argument('[ids...]', 'ids of tasks, at most 1000')
    .addOption(kindOption('all dead letters of this kind'))
    .addHelpText(
      'after',
      examples([
        'bulkhead queue dlq retry --kind execute',
        'bulkhead queue dlq retry 0b5c9e6f4d3a21870b5c9e6f4d3a2187 --json',
      ]),
    )
    .action(async (ids: readonly string[], options: KindOptions) => {
      const which = whichOf(ids, options.kind);
      const retried = await useQueue({ options, terminal }, (queue) => queue.retry(which));
      print({ terminal, options }, { retried }, () =>
        terminal.result(retried === 1 ? '1 task was sent back' : `${retried} tasks were sent back`),
      );
    });
}

function whichOf(ids: readonly string[], kind: TaskKind | undefined): DeadTasks {
  if (kind === undefined && ids.length > 0) return { ids };
  if (kind !== undefined && ids.length === 0) return { kind };
  throw new UsageError(
    'it is not said which dead letters are sent back',
    'Name their ids, or a kind with --kind; not both. `bulkhead queue dlq list` shows them.',
  );
}

function addInspect({ program, terminal }: VerbContext): void {
  asksForTenant(
    program.command('inspect').description('Show a dead letter: its payload, its last result and its reason'),
  )
    .argument('<id>', 'id of the task')
    .addHelpText('after', examples(['bulkhead queue dlq inspect 0b5c9e6f4d3a21870b5c9e6f4d3a2187']))
    .action(async (id: string, options: ServerOptions) => {
      const kept = await useQueue({ options, terminal }, (queue) => queue.show(id));
      if (kept.state !== 'dead') {
        throw new UsageError(
          `task ${kept.task.id} is ${kept.state}, and no dead letter`,
          'Look at it with `queue show`.',
        );
      }
      print({ terminal, options }, kept, showTask);
    });
}

function addExport({ program, terminal }: VerbContext): void {
  asksForTenant(
    program.command('export').description('Print all dead letters with payloads and results, as a document'),
  )
    .addOption(new Option('--format <format>', 'of the document').choices(EXPORT_FORMATS).default('json'))
    .addOption(kindOption('only tasks of this kind'))
    .addHelpText(
      'after',
      examples([
        'bulkhead queue dlq export > dead.json',
        'bulkhead queue dlq export --format csv --kind execute > dead.csv',
      ]),
    )
    .action(async (options: KindOptions & { readonly format: ExportFormat }) => {
      const { kind, format } = options;
      const { write, say, talkColors } = terminal;
      const count = await useQueue({ options, terminal }, (queue) => exportDead({ queue, kind, format, write }));
      say(talkColors.dim(count === 1 ? '1 dead letter was exported' : `${count} dead letters were exported`));
    });
}
