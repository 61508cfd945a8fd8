/**
 * Import attributes other than `type: "json"`: they would turn any file into text or bytes inside the bundle.
 */
import type { Rule } from '../rule.ts';

/** Refuses attributes, also those that only running tells. */
export const importAttribute: Rule = {
  id: 'IMPORT_ATTRIBUTE',
  severity: 'error',
  about: 'imports with an attribute other than type: "json"',
  binds: 'refused by the loader: `IMPORT_REFUSED`',
  looksAt: 'request',
  check: ({ attributes, node }) => {
    const other = Object.entries(attributes).find(([key, value]) => key !== 'type' || value !== 'json');
    if (other === undefined) return undefined;
    return {
      start: node.start,
      message: `Forbidden import attribute: ${other[0]}: ${other[1] === undefined ? 'known only at run time' : `"${other[1]}"`}`,
      hint: 'Only `with { type: "json" }` is taken; keep texts in a .json file or in a string.',
    };
  },
};
