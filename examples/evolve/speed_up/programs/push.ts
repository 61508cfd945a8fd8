/** Each word of a text with how often it appears, in the order in which they first do; one to a line. */
export function solve(text: string): string {
  const words = wordsOf(text);
  let table = '';
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (words.slice(0, at).includes(word)) continue;
    let count = 0;
    for (const other of words) if (other === word) count += 1;
    table = table === '' ? `${word} ${count}` : `${table}\n${word} ${count}`;
  }
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
