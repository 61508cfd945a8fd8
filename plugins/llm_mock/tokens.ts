/**
 * What the mock counts as tokens: four characters each, begun ones too. No tokenizer says so; it is easy to foretell.
 */
const CHARACTERS_PER_TOKEN = 4;

/** Counts the tokens of texts, each by itself. */
export function tokensOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Math.ceil(text.length / CHARACTERS_PER_TOKEN), 0);
}

/** Keeps of pieces what is within so many tokens. */
export function cutToTokens(
  pieces: readonly string[],
  tokensMax: number,
): { readonly kept: readonly string[]; readonly isCut: boolean } {
  const kept: string[] = [];
  let charactersLeft = tokensMax * CHARACTERS_PER_TOKEN;
  for (const piece of pieces) {
    if (piece.length > charactersLeft) {
      if (charactersLeft > 0) kept.push(piece.slice(0, charactersLeft));
      return { kept, isCut: true };
    }
    kept.push(piece);
    charactersLeft -= piece.length;
  }
  return { kept, isCut: false };
}
