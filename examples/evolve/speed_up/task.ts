/**
 * A table of words, from a text: each word once, in the order in which they first appear, with how often it does, one to a line. Whoever is
 * faster has to write the same table, and only that.
 */
import { createSearchRandom } from '@bulkhead/evolve';
import { defineTask } from '@bulkhead/guard';

const WORDS = 2_000;
const DIFFERENT = 600;
const SYLLABLES = ['ba', 'do', 'ke', 'li', 'mu', 'na', 'po', 'ri', 'su', 'ta'] as const;

/** Case i has a text of its own; each tenth is empty or has one word. */
export const WORD_TABLE = defineTask<[text: string], string>({
  name: 'word_table',
  generate: (n, seed) => Array.from({ length: n }, (_, at): [string] => [textOf(`${seed}/${at}`, at)]),
  properties: [{ name: 'the table of the text', check: (out, text) => out === tableOf(text) }],
});

function textOf(seed: string, at: number): string {
  const random = createSearchRandom(seed);
  const length = at % 10 === 9 ? random.below(2) : WORDS;
  return Array.from({ length }, () => wordOf(random.below(DIFFERENT))).join(random.next() < 0.5 ? ' ' : '  ');
}

function wordOf(number: number): string {
  const digits = [100, 10, 1].map((place) => Math.floor(number / place) % 10);
  const word = digits.map((digit) => SYLLABLES[digit] ?? '').join('');
  return number % 7 === 0 ? word.toUpperCase() : word;
}

function tableOf(text: string): string {
  const counts = new Map<string, number>();
  for (const word of text.split(' ')) if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${word} ${count}`).join('\n');
}
