/**
 * `bulkhead guard init`: a folder where an evaluation runs as it stands.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_OK } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { answering } from './answering.ts';
import { quoted } from './run-evaluation.ts';

const TASK = `import { defineTask, duplicate, permute } from '@bulkhead/guard';
import fc from 'fast-check';

/** What every implementation of \`solve(list)\` must keep: the numbers of a list from the lowest to the highest, each once. */
export const TASK = defineTask<[number[]], number[]>({
  name: 'distinct_sorted',
  arbitraries: fc.tuple(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 20 })),
  isResult: (value): value is number[] => Array.isArray(value),
  properties: [
    { name: 'ascending', check: (out) => out.every((item, at) => at === 0 || item > Number(out[at - 1])) },
    { name: 'same_numbers', check: (out, list) => list.every((item) => out.includes(item)) && out.every((item) => list.includes(item)) },
  ],
  relations: [permute(), duplicate()],
});
`;

const BASELINE = `/** Looks every number up in what it has already. */
export function solve(list: number[]): number[] {
  return list.filter((item, at) => list.indexOf(item) === at).sort((one, other) => one - other);
}
`;

const CANDIDATE = `/** The same with a set, which is faster for long lists. */
export function solve(list: number[]): number[] {
  return [...new Set(list)].sort((one, other) => one - other);
}
`;

const README = `# A gate for \`solve\`

\`task.ts\` says what must hold, \`baseline.ts\` is trusted, and \`candidate.ts\` is judged:

    npx bulkhead guard evaluate

It ends with 0 where the candidate may be adopted, 1 where it is to be rejected, 2 where nothing could be judged, and 3 where the
cases do not settle it. \`bulkhead guard evaluate --help\` says more; \`bulkhead guard quality\` says what the task would miss.

In a workflow of GitHub Actions, with a summary in the pull request:

    - run: npx bulkhead guard regression-guard --report-dir reports
      working-directory: guard
    - uses: actions/upload-artifact@v4
      if: always()
      with:
        name: guard-reports
        path: guard/reports
`;

/** Files of the folder, by their names. */
export const GUARD_FILES = {
  'task.ts': TASK,
  'baseline.ts': BASELINE,
  'candidate.ts': CANDIDATE,
  'README.md': README,
} as const;

/** Makes it. */
export async function initVerb(dir: string, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    await mkdir(dir).catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (code === 'EEXIST')
        throw new UsageError(`${dir} is there already`, 'Choose another name, or remove it first.');
      throw new UsageError(`${dir} cannot be made (${code})`);
    });
    for (const [name, text] of Object.entries(GUARD_FILES)) {
      await writeFile(join(dir, name), text);
      terminal.result(join(dir, name));
    }
    terminal.say(`next: cd ${quoted(dir)} && bulkhead guard evaluate`);
    return EXIT_OK;
  });
}
