/**
 * Which calls a prompt may show. The others are hidden: no prompt and no candidate ever sees what is expected of them, so that whoever
 * only learns the shown ones by heart fails on them.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '@bulkhead/protocol';
import type { AskedCall } from './ask-tool.ts';

/** Both parts, each in an order of its own. */
export type SplitCalls<Call> = { readonly visible: readonly Call[]; readonly hidden: readonly Call[] };

const HIDDEN_SHARE = 0.4;

/**
 * Splits by the seed, whatever the order that they are in: two of five are hidden, one of two, and none of one. The same call comes once.
 */
export function splitCalls<Call extends AskedCall>(calls: readonly Call[], seed: number): SplitCalls<Call> {
  const byKey = new Map(calls.map((call) => [callKeyOf(call), call]));
  const drawn = [...byKey].map(([key, call]) => ({ call, key: digestOf(`${seed}\n${key}`) }));
  const ordered = drawn.toSorted((one, other) => (one.key < other.key ? -1 : 1)).map(({ call }) => call);
  const hidden = ordered.length < 2 ? 0 : Math.max(1, Math.floor(ordered.length * HIDDEN_SHARE));
  return { visible: ordered.slice(hidden), hidden: ordered.slice(0, hidden) };
}

/** Names a call in maps. */
function callKeyOf({ tool, params }: AskedCall): string {
  return canonicalJson([tool, params]);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
