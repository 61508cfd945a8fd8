/**
 * `bulkhead guard catalog`: what may be named on the command line without a file.
 */
import { EXECUTOR_NAMES, libraryRelations, MONITOR_NAMES, POLICY_PRESETS } from '@bulkhead/guard';
import { EXIT_OK } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { ownTasks } from './load-task.ts';

/** Lists tasks, monitors, executors, policies and relations. */
export async function catalogVerb({ json }: { readonly json?: boolean }, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const { result, colors } = terminal;
    const catalog = {
      tasks: ownTasks()
        .list()
        .map(({ name }) => name),
      monitors: MONITOR_NAMES,
      executors: EXECUTOR_NAMES,
      policies: POLICY_PRESETS,
      relations: libraryRelations().map(({ name }) => name),
    };
    if (json === true) result(JSON.stringify(catalog));
    else
      for (const [kind, names] of Object.entries(catalog)) {
        result(colors.bold(`${kind}  ${colors.dim(HOW[kind] ?? '')}`));
        for (const name of names) result(plain(`  ${name}`));
      }
    return EXIT_OK;
  });
}

const HOW: Readonly<Record<string, string>> = {
  tasks: '--task NAME',
  monitors: '--monitor NAME:option=value; also plugin:NAME/ENTRY and file:PATH',
  executors: '--executor NAME:option=value',
  policies: '--policy NAME:option=value, or a TOML file',
  relations: 'by `relations suggest`, or in a task of your own',
};
