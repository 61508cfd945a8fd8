/**
 * A part of the benches of evolution: what is measured for some numbers of the list (EVIDENCE 3b), and what is typed for all of them.
 */
import type { Figure } from '../lib/figures.ts';

/** What is measured for the numbers of a list. */
export type Part = {
  readonly ids: readonly string[];
  readonly title: string;
  readonly measure: () => Promise<readonly Figure[]>;
};

/** The number that is typed behind a word, such as `--seeds 50`. */
export function numberAfter(word: string, otherwise: number): number {
  const text = textAfter(word);
  return text === undefined ? otherwise : Number(text);
}

/** What is typed behind a word, such as `--into trials.jsonl`. */
export function textAfter(word: string): string | undefined {
  const at = process.argv.indexOf(word);
  return at === -1 ? undefined : process.argv[at + 1];
}

/** Whether the whole of a part is asked for that takes hours. */
export function isFull(): boolean {
  return process.argv.includes('--full');
}
