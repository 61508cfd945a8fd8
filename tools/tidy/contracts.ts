/**
 * The ids of the contracts that Bulkhead keeps. The repository carries ids only: tools/contract-ids.json is made of the
 * contracts' own text by `npm run contract-ids -- FILE`.
 */

/** Lists every id that a text in brackets defines, `[F001-2]` or the range `[F003-21..26]`, in order, each once. */
export function contractIdsOf(text: string): readonly string[] {
  const ids = [...text.matchAll(/\[([FX]\d{3})-(\d+)(?:\.\.(\d+))?\]/g)].flatMap(
    ([, family = '', first = '', last]) => {
      const from = Number(first);
      const to = last === undefined ? from : Number(last);
      return Array.from({ length: to - from + 1 }, (_, index) => `${family}-${from + index}`);
    },
  );
  return [...new Set(ids)];
}

/** Groups ids by family, numbers only: `F001: 3 4 17`. */
export function summarizeIds(ids: readonly string[]): readonly string[] {
  const families = Map.groupBy(ids, (id) => id.slice(0, id.indexOf('-')));
  return [...families].map(([family, members]) => {
    const numbers = members.map((id) => id.slice(id.indexOf('-') + 1));
    return `${family} (${members.length}): ${numbers.join(' ')}`;
  });
}
