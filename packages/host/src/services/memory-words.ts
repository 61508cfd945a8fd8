/**
 * How texts in memory are compared (decision 12): folded here, once when they are stored and once when they are asked for, so that
 * every storage finds the same. A query finds what holds each of its words somewhere, also inside another word.
 */
import type { MemoryArtifact } from '@bulkhead/protocol';

/** More words than these say nothing more of what is sought. */
const WORDS_MAX = 32;

/** The text that an artifact is found by: its content, if that is text, or its JSON, and its tags. */
export function searchTextOf({ content, tags }: Pick<MemoryArtifact, 'content' | 'tags'>): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return folded([text, ...tags].join('\n'));
}

/** The words that must all be there; none for a text of blanks, which finds everything. */
export function wordsOf(text: string): readonly string[] {
  const words = folded(text)
    .split(/\s+/u)
    .filter((word) => word !== '');
  return [...new Set(words)].slice(0, WORDS_MAX);
}

/** NFKC, so that letters which look alike are; then lower case, by Unicode's rules and no country's. */
function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
