/**
 * `bulkhead guard relations`: what relations there are, which a task has, and which hold for an implementation.
 */
import {
  describeSuggestions,
  generateCases,
  libraryRelations,
  suggestRelations,
  type DescribedCategory,
} from '@bulkhead/guard';
import { EXIT_OK } from '../exit-codes.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { loadTask } from './load-task.ts';
import { LOCAL, openWorkbench, runCaseOf, type RunOptions } from './workbench.ts';

/** What is typed after `suggest`. */
export type SuggestOptions = RunOptions & {
  readonly task: string;
  readonly implementation: string;
  readonly n?: number;
  readonly argument?: number;
  readonly countArgument?: number;
  readonly json?: boolean;
};

const CASES = 100;
const SEED = 42;

/** Tries relations on an implementation. */
export async function suggestVerb(options: SuggestOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const categories = await suggested(options, terminal);
    if (options.json === true) terminal.result(JSON.stringify({ categories }));
    else for (const category of categories) show(category, terminal);
    return EXIT_OK;
  });
}

async function suggested(options: SuggestOptions, terminal: Terminal): Promise<readonly DescribedCategory[]> {
  const { implementation: file, executor: spec = LOCAL, n = CASES, seed = SEED, argument, countArgument } = options;
  const task = await loadTask(options.task);
  await using bench = await openWorkbench(options, terminal);
  const implementation = await bench.implement({ option: '--implementation', file, spec });
  const places = {
    ...(argument !== undefined && { argument }),
    ...(countArgument !== undefined && { countArgument }),
  };
  const done = terminal.progress(`trying relations on ${file}`);
  try {
    const found = await suggestRelations(task, generateCases(task, { n, seed }), {
      run: runCaseOf(implementation, options),
      seed,
      relations: libraryRelations(places),
    });
    return describeSuggestions(found, places);
  } finally {
    done();
  }
}

function show({ category, holding, relations }: DescribedCategory, { result, colors }: Terminal): void {
  result(colors.bold(plain(`${category}: ${holding} of ${relations.length} hold`)));
  for (const { verdict, text, code } of relations) {
    const paint = { holds: colors.green, breaks: colors.red, not_applicable: colors.dim }[verdict];
    result(`  ${paint(plain(text))}`);
    if (code !== undefined) result(plain(`      ${code}`));
  }
}

/** A relation as it is listed. */
type Listed = { readonly name: string; readonly category?: string; readonly description?: string };

/** Lists the library. */
export async function libraryVerb({ json }: { readonly json?: boolean }, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => list(libraryRelations(), json, terminal));
}

/** Lists the relations of a task. */
export async function listVerb(
  { task, json }: { readonly task: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  return answering(terminal, async () => list((await loadTask(task)).relations, json, terminal));
}

function list(relations: readonly Listed[], json: boolean | undefined, { result, say, colors }: Terminal): number {
  const rows = relations.map(({ name, category = '', description = '' }) => ({ name, category, description }));
  if (json === true) result(JSON.stringify({ relations: rows }));
  else if (rows.length === 0) say('there are none');
  else {
    const cells = rows.map(({ name, category, description }) => [name, category, description]);
    for (const line of tableLines(['relation', 'category', 'description'], cells, colors)) result(line);
  }
  return EXIT_OK;
}
