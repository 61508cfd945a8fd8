/**
 * A stand-in that knows nothing but where a choice is: a line that ends with a comment of what may stand there. It changes one such line by
 * chance, and sees neither scores nor what others chose.
 *
 *   loader: 'csv', // one of 'csv' | 'json' | 'parquet'
 */
import { createRandom } from '@bulkhead/guard/statistics';
import { unifiedDiff } from '../../edits/change-summary.ts';
import { EvolveError } from '../../evolve-error.ts';
import { estimatedUsage, type Proposer } from '../proposer.ts';

const MARK = / *(?:\/\/|#) one of (?<options>.+)$/;

/**
 * Makes it; an answer depends on the request alone. `propose` rejects with `MUTATION_FAILED` where no line has another choice.
 *
 * @public
 */
export function createChoices(): Proposer {
  return {
    propose: async (request, signal) => {
      signal.throwIfAborted();
      const random = createRandom(request.seed);
      const lines = request.parent.split('\n');
      const choices = lines.flatMap((line, at) => choiceOf(line, at) ?? []);
      const choice = choices[random.below(Math.max(1, choices.length))];
      if (choice === undefined) {
        throw new EvolveError(
          'MUTATION_FAILED',
          'no line of the source has a choice; expected one such as `loader: "a", // one of "a" | "b"`',
        );
      }
      const { at, line, value, others } = choice;
      const chosen = others[random.below(others.length)] ?? others[0];
      const changed = `${line.slice(0, value.start)}${chosen}${line.slice(value.end)}`;
      const text = `\`\`\`diff\n${unifiedDiff(request.parent, lines.with(at, changed).join('\n'), request.fileName)}\`\`\`\n`;
      return { text, usage: estimatedUsage(request, text) };
    },
  };
}

type Choice = {
  readonly at: number;
  readonly line: string;
  readonly value: { readonly start: number; readonly end: number };
  readonly others: readonly [string, ...string[]];
};

/** The option that stands last before the comment is what is chosen. */
function choiceOf(line: string, at: number): Choice | undefined {
  const found = MARK.exec(line);
  const options = found?.groups?.['options']?.split('|').map((option) => option.trim()) ?? [];
  const code = line.slice(0, found?.index ?? 0);
  const places = options.map((option) => ({ option, start: code.lastIndexOf(option) }));
  const last = places.filter(({ start }) => start >= 0).toSorted((one, other) => endOf(other) - endOf(one))[0];
  if (last === undefined) return undefined;
  const [first, ...others] = options.filter((option) => option !== last.option && option !== '');
  if (first === undefined) return undefined;
  return { at, line, value: { start: last.start, end: endOf(last) }, others: [first, ...others] };
}

function endOf({ option, start }: { readonly option: string; readonly start: number }): number {
  return start + option.length;
}
