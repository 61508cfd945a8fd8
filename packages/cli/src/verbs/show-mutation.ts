/**
 * Shows a mutation to people: the diff as the result, all else as talk.
 */
import { diffColor } from '../diff-color.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** What is shown; `reasons` are why earlier answers were refused. */
export type ShownMutation = {
  readonly diff: string;
  readonly output: string;
  readonly linesAdded: number;
  readonly linesRemoved: number;
  readonly hunks: number;
  readonly reasons: readonly string[];
  readonly inputTokens: number;
  readonly outputTokens: number;
};

/** Shows it. */
export function showMutation(mutation: ShownMutation, { result, say, colors, talkColors }: Terminal): void {
  const { diff, output, linesAdded, linesRemoved, hunks, reasons, inputTokens, outputTokens } = mutation;
  for (const line of diff.trimEnd().split('\n')) result(diffColor(line, colors)(plain(line)));
  for (const reason of reasons) say(plain(`refused: ${reason}`));
  const size = `${linesAdded} ${linesAdded === 1 ? 'line' : 'lines'} added, ${linesRemoved} removed, in ${hunks} ${hunks === 1 ? 'hunk' : 'hunks'}`;
  say(`${plain(output)}: ${size}`);
  say(talkColors.dim(`${inputTokens} tokens read, ${outputTokens} written`));
}
