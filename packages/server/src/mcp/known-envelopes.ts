/**
 * What clients of the revision without sessions say of themselves, with each request the same, and the library has found well-formed
 * once. Global, and no tenant's: that it is well-formed is all that is kept of it.
 */
import { LIMITS, type JsonObject } from '@bulkhead/protocol';

/** The table. An envelope is the `_meta` of a request; its progress token is not looked at. */
export type KnownEnvelopes = {
  readonly has: (envelope: JsonObject) => boolean;
  readonly add: (envelope: JsonObject) => void;
};

/** Makes it. */
export function createKnownEnvelopes(): KnownEnvelopes {
  const known = new Set<string>();
  return {
    has: (envelope) => known.has(textOf(envelope)),
    add: (envelope) => {
      const text = textOf(envelope);
      if (text.length > LIMITS.mcp_known_envelope_characters.value) return;
      if (known.size >= LIMITS.mcp_known_envelopes.value) known.clear();
      known.add(text);
    },
  };
}

function textOf(envelope: JsonObject): string {
  return JSON.stringify({ ...envelope, progressToken: undefined });
}
