/**
 * `bulkhead guard demo`: an evaluation that ends with adopt and one that ends with reject, in a folder that is removed afterwards.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { evaluateVerb } from './evaluate.ts';
import { GUARD_FILES } from './init-folder.ts';

const FORGETFUL = `/** Faster still, and wrong: numbers of two digits are ordered as texts. */
export function solve(list: number[]): number[] {
  return [...new Set(list)].sort();
}
`;

/** Shows both; answers 0 where they came out so. */
export async function demoVerb(terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bulkhead-guard-demo-'));
    try {
      const files = { ...GUARD_FILES, 'forgetful.ts': FORGETFUL };
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      const judge = (candidate: string): Promise<number> => judged({ folder, candidate }, terminal);
      terminal.say('a candidate that does the same, with a set:');
      const same = await judge('candidate.ts');
      terminal.say('\na candidate that sorts numbers as texts:');
      const wrong = await judge('forgetful.ts');
      terminal.say('\nnext: bulkhead guard init, which makes such a folder to keep');
      return same === EXIT_OK && wrong === EXIT_FAILED ? EXIT_OK : EXIT_FAILED;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

function judged({ folder, candidate }: { readonly folder: string; readonly candidate: string }, terminal: Terminal) {
  const sides = { baseline: join(folder, 'baseline.ts'), candidate: join(folder, candidate) };
  return evaluateVerb({ task: join(folder, 'task.ts'), ...sides, sequential: true }, terminal);
}
