/**
 * `bulkhead evolve export`: the winner, every program, and who came from whom, as files that other programs read.
 */
import { writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { readFileJournal, readRunFile, readRunFolder } from '@bulkhead/evolve';
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { EXIT_OK } from '../exit-codes.ts';
import { makeNamedFolder } from './named-folder.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { telling } from './telling.ts';

type Exported = { readonly dir: string; readonly out?: string; readonly json?: boolean };
/** A line of the lineage, as the report has it. */
type Line = {
  readonly index: number;
  readonly id: string;
  readonly parents: readonly string[];
  readonly score: number | null;
};

/** Writes them; answers how many programs there are. */
export async function exportVerb(
  { dir, out = join(dir, 'export'), json }: Exported,
  terminal: Terminal,
): Promise<number> {
  return telling(terminal, async () => {
    const { head, source } = await readRunFolder(dir);
    const report = await readRunFile(dir, 'report.json');
    if (report === undefined)
      throw new UsageError(`the run of ${dir} has not ended`, `Go on with it: bulkhead evolve resume ${dir}`);
    const lineage = linesIn(report['lineage'] ?? []);
    const sources = await sourcesOf(dir, source);
    const ending = extname(head.file_name);
    await makeNamedFolder(join(out, 'programs'));
    const programs = lineage.flatMap((line) => {
      const text = sources.get(line.index);
      return text === undefined ? [] : [{ line, text }];
    });
    for (const { line, text } of programs) await writeFile(join(out, 'programs', `${line.id}${ending}`), text);
    const winner = programs.find(({ line }) => line.id === bestId(report));
    await writeFile(join(out, `winner${ending}`), winner?.text ?? source);
    await writeFile(join(out, 'lineage.json'), `${JSON.stringify(report['lineage'], undefined, 2)}\n`);
    await writeFile(join(out, 'lineage.dot'), dotOf(lineage, bestId(report)));
    if (json === true) terminal.result(JSON.stringify({ out, programs: programs.length }));
    else terminal.result(`${programs.length} programs in ${out}`);
    return EXIT_OK;
  });
}

/** Sources by the number of their evaluation. */
async function sourcesOf(dir: string, start: string): Promise<ReadonlyMap<number, string>> {
  const entries = await readFileJournal(join(dir, 'journal.ndjson'));
  const proposed = entries.flatMap((entry): readonly (readonly [number, string])[] =>
    entry.kind === 'proposed' && entry.proposed.kind === 'mutated' ? [[entry.index, entry.proposed.source]] : [],
  );
  return new Map([[0, start], ...proposed]);
}

function bestId({ best }: JsonObject): JsonValue | undefined {
  return isJsonObject(best ?? null) ? (best as JsonObject)['id'] : undefined; // Looked at here.
}

function linesIn(value: unknown): readonly Line[] {
  return Array.isArray(value) ? value : []; // Written by a run alone.
}

/** In the language of Graphviz; ids are hexadecimal, so that nothing has to be escaped. */
function dotOf(lineage: readonly Line[], best: JsonValue | undefined): string {
  const nodes = lineage.map(({ id, index, score }) => {
    const look = id === best ? ', style=filled, fillcolor=lightblue' : '';
    return `  "${id}" [label="${index}: ${score ?? 'none'}"${look}];`;
  });
  const edges = lineage.flatMap(({ id, parents }) => parents.map((parent) => `  "${parent}" -> "${id}";`));
  return `digraph lineage {\n  rankdir=TB;\n${[...nodes, ...edges].join('\n')}\n}\n`;
}
