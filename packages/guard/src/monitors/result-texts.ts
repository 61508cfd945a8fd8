/**
 * The texts of a result, of whatever shape it is, up to a bound.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';

/** Characters that are read of one result, and things in it; what is beyond is not looked at. */
const CHARACTERS_MAX = 65_536;
const VISITS_MAX = 10_000;

/** Texts in a result, keys of objects with them, and whole numbers as their digits: some of those are numbers of cards. */
export function textsOf(result: JsonObject): readonly string[] {
  const texts: string[] = [];
  let left = CHARACTERS_MAX;
  const add = (text: string): void => {
    const taken = text.slice(0, left);
    left -= taken.length;
    if (taken !== '') texts.push(taken);
  };
  const open: JsonValue[] = [result];
  for (let visits = 0; visits < VISITS_MAX && left > 0; visits += 1) {
    const value = open.pop();
    if (value === undefined) break;
    if (typeof value === 'string') add(value);
    else if (typeof value === 'number' && Number.isSafeInteger(value)) add(String(value));
    else if (typeof value === 'object' && value !== null) {
      if (!Array.isArray(value)) Object.keys(value).forEach(add);
      open.push(...Object.values(value).slice(0, VISITS_MAX));
    }
  }
  return texts;
}
