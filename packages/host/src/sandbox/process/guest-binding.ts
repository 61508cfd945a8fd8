/**
 * What a guest gets when it stops being a spare.
 */
import type { BindKind, JsonObject } from '@bulkhead/protocol';

/** What a guest is bound to. `artifact` is the bundled module. */
export type GuestBinding = {
  readonly kind: BindKind;
  readonly name: string;
  readonly version: string;
  readonly tenant: string;
  readonly manifest: JsonObject;
  readonly config: JsonObject;
  readonly artifact: Uint8Array;
  readonly outputBytesMax: number;
  readonly initTimeoutMs: number;
};
