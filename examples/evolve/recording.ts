/**
 * Asks for the answers of the examples' recorded models: each program of a lineage, at each evaluation, is mutated as the loop does it, by a
 * stand-in that answers what `lineages.ts` says. So a run finds its answer whichever program it goes on from, the control as well.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { mutate, openCassette, unifiedDiff, type Proposer, type RunConfig } from '@bulkhead/evolve';
import { readNewRun } from '../../packages/cli/src/evolve/read-config.ts';
import type { Lineage } from './lineages.ts';

const FOLDER = import.meta.dirname;
/** Characters of a token, as other stand-ins count them. */
const CHARACTERS_PER_TOKEN = 4;

/** Where the answers of an example are. */
export function cassetteOf(name: string): string {
  return join(FOLDER, name, 'cassette.ndjson');
}

/**
 * Asks for every answer of a lineage that a run of the example's configuration may ask for, and answers how many there are.
 *
 * @param mode - `new` records what is not there yet; `none` is answered from the cassette alone.
 * @throws {EvolveError} `CASSETTE_MISS` where an answer is not recorded.
 * @throws {Error} where an answer is refused: the lineage has to be mended.
 */
export async function askAll(name: string, lineage: Lineage, mode: 'new' | 'none'): Promise<number> {
  const { config } = await readNewRun(join(FOLDER, name, 'evolve.toml'), {});
  const file = cassetteOf(name);
  let answers = 0;
  for (const [depth, [parent, children]] of Object.entries(lineage).entries()) {
    const source = await sourceOf(name, parent);
    // No program is there before as many evaluations as it has ancestors.
    for (let index = depth + 1; index <= config.settings.evaluations; index += 1) {
      const child = await sourceOf(name, children[index % children.length] ?? parent);
      const proposer = await openCassette({ file, mode, inner: answering(child) });
      await mutateOnce(config, { source, index }, proposer);
      answers += 1;
    }
  }
  return answers;
}

function sourceOf(name: string, file: string): Promise<string> {
  return readFile(join(FOLDER, name, 'programs', file), 'utf8');
}

/** As the loop asks for evaluation `index`. */
async function mutateOnce(
  { settings, target }: RunConfig,
  { source, index }: { readonly source: string; readonly index: number },
  proposer: Proposer,
): Promise<void> {
  const { temperature, max_tokens: maxTokens, ...shares } = settings.mutation;
  const seed = `${settings.seed}/${index}/0`;
  const request = { parent: source, fileName: basename(target.file), entryName: target.entry, seed, inspirations: [] };
  const outcome = await mutate({ ...request, temperature, maxTokens, shares }, proposer, new AbortController().signal);
  if (outcome.kind === 'failed') throw new Error(`evaluation ${index}: ${outcome.refusals.at(-1)?.reason}`);
}

/** Answers one program, in the form that is asked for. */
function answering(child: string): Proposer {
  return {
    propose: async ({ parent, form, fileName, prompt }) => {
      const text =
        form === 'diff' ? `\`\`\`diff\n${unifiedDiff(parent, child, fileName)}\`\`\`\n` : `\`\`\`ts\n${child}\`\`\`\n`;
      const tokens = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN);
      return { text, usage: { inputTokens: tokens(prompt.length), outputTokens: tokens(text.length), costUsd: 0 } };
    },
  };
}
