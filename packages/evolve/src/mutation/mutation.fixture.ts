/**
 * What the tests of mutation share: a source, a request for it, and a signal that never fires.
 */
import type { ProposalRequest } from './proposer.ts';

/** A slow sort. */
export const SORT = `export function sort(list: number[]): number[] {
  const result = [...list];
  const last = result.length - 1;
  for (let at = 0; at < last; at += 1) {
    for (let other = at + 1; other <= last; other += 1) {
      if (result[at] > result[other]) {
        const kept = result[at];
        result[at] = result[other];
        result[other] = kept;
      }
    }
  }
  return result;
}
`;

/** The same done otherwise. */
export const OTHER_SORT = `export function sort(list: number[]): number[] {
  const result = list.slice();
  const size = result.length;
  result.sort((one, other) => one - other);
  return result;
}
`;

/** A diff of {@link SORT}. */
export const SORT_DIFF = '@@ @@\n-  const result = [...list];\n+  const result = list.slice();\n';

export const NEVER = new AbortController().signal;

/** A request for a change of {@link SORT}, with what a test says otherwise. */
export function proposalOf(fields: Partial<ProposalRequest> = {}): ProposalRequest {
  return {
    ...{ prompt: 'Improve it.', form: 'diff', parent: SORT, inspirations: [], fileName: 'sort.ts' },
    ...{ seed: '1/0', temperature: 0.7, maxTokens: 4_096 },
    ...fields,
  };
}
