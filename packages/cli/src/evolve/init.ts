/**
 * `bulkhead evolve init`: a folder where a run ends with a better program as it stands, without a model.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_OK } from '../exit-codes.ts';
import { makeNamedFolder } from './named-folder.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const CONFIG = `# bulkhead evolve run --config evolve.toml --seed 1
[target]
file = "program.ts"
entry = "solve"

[task]
use = "task.ts#TASK"   # what must hold; candidates and prompts never see it
cases = 20
objective = "pass_rate" # or "speed", or "metric:NAME"

[evolve]
evaluations = 60
target = 0              # every case passes

[llm]
backend = "grammar"     # changes of the syntax tree, without a model; [[llm.backends]] for real ones

[promotion]
cases = 60
`;

const TASK = `import { defineTask } from '@bulkhead/guard';
import fc from 'fast-check';

/** The larger of two numbers. */
export const TASK = defineTask<[one: number, other: number], number>({
  name: 'larger',
  arbitraries: [fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })],
  properties: [{ name: 'is the larger', check: (out, one, other) => out === Math.max(one, other) }],
});
`;

const PROGRAM = `/** Answers the smaller one: something is to be changed. */
export function solve(one: number, other: number): number {
  if (one < other) return one;
  return other;
}
`;

/** Files of the folder, by their names. */
export const EVOLVE_FILES = { 'evolve.toml': CONFIG, 'task.ts': TASK, 'program.ts': PROGRAM } as const;

/** Makes it. @throws {UsageError} where something is there. */
export async function initVerb(dir: string, { result, say }: Terminal): Promise<number> {
  await makeNamedFolder(dir);
  if ((await readdir(dir)).length > 0)
    throw new UsageError(`${dir} is not empty`, 'Name a folder that is not there yet.');
  for (const [name, text] of Object.entries(EVOLVE_FILES)) await writeFile(join(dir, name), text);
  result(`made ${dir}: ${Object.keys(EVOLVE_FILES).join(', ')}`);
  say(`go on: bulkhead evolve run --config ${join(dir, 'evolve.toml')} --seed 1`);
  return EXIT_OK;
}
