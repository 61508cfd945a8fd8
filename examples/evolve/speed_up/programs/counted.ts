/** Each word of a text with how often it appears, in the order in which they first do; one to a line. */
export function solve(text: string): string {
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  let table = '';
  for (const [word, count] of counts) table = table === '' ? `${word} ${count}` : `${table}\n${word} ${count}`;
  return table;
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
