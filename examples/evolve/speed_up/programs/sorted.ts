/** Each word of a text with how often it appears, in the order in which they first do; one to a line. */
export function solve(text: string): string {
  const words = wordsOf(text).toSorted();
  const lines: string[] = [];
  for (let at = 0; at < words.length;) {
    const next = words.findIndex((word, place) => place > at && word !== words[at]);
    const end = next === -1 ? words.length : next;
    lines.push(`${words[at]} ${end - at}`);
    at = end;
  }
  return lines.join('\n');
}

function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word = '';
  for (const letter of `${text} `) {
    if (letter !== ' ') word += letter;
    else if (word !== '') {
      words.push(word);
      word = '';
    }
  }
  return words;
}
