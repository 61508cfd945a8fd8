/**
 * Bytes in what a plugin answers: base64, which JSON Schema calls `contentEncoding: base64`. A plugin's own JSON.stringify
 * writes them as it does everywhere.
 */

// Taken before any plugin code can replace them.
const stringify = JSON.stringify;
const encode = Buffer.prototype.toString;
const wrap = Buffer.from.bind(Buffer) as (buffer: ArrayBufferLike, from: number, length: number) => Buffer; // One overload.
const bufferToJson = Buffer.prototype.toJSON;

let isAnswering = false;

/** Teaches this process; called once, before any plugin code. */
export function writeBytesAsBase64(): void {
  define(Uint8Array.prototype, (bytes) => bytes);
  define(Buffer.prototype, (bytes) => Reflect.apply(bufferToJson, bytes, []));
}

function define(prototype: object, toJsonElsewhere: (bytes: Uint8Array) => unknown): void {
  Object.defineProperty(prototype, 'toJSON', {
    value(this: Uint8Array): unknown {
      return isAnswering ? base64(this) : toJsonElsewhere(this);
    },
    writable: true,
    configurable: true,
  });
}

/** Bytes as base64. */
export function base64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Reflect.apply(encode, wrap(buffer, byteOffset, byteLength), ['base64']);
}

/** `JSON.stringify` for what leaves the guest. */
export function stringifyAnswer(value: unknown): string | undefined {
  isAnswering = true;
  try {
    return stringify(value);
  } finally {
    isAnswering = false;
  }
}
