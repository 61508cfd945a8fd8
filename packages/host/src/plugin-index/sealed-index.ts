/**
 * An index as one signed text. Document and signature lie in one file, so that whoever fetches it while it is replaced has
 * either the old pair or the new one:
 *
 *   { index: { schema_v, name, serial, blocks, plugins },
 *     signature: as of an archive, whose statement is { name: "index:NAME", version: "SERIAL", sha256, signed_at, expires_at } }
 *
 * The SHA-256 is of the document as canonical JSON. No plugin has a name with ":", so that a signature of an archive never
 * stands for an index, nor the other way round.
 */
import {
  canonicalJson,
  inspectJson,
  isJsonObject,
  LIMITS,
  parsePluginIndex,
  type JsonValue,
  type PluginIndex,
} from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { signArchive, verifySignature, type Envelope } from '../signing/signature.ts';

/** Name of the file in an index's folder. */
export const INDEX_FILE = 'index.json';

/**
 * With which key an index is signed, as PEM, and what the signature says: `at` is when it was made, 1970 where it is left out,
 * so that the same archives give the same bytes; without `expiresAt` it holds for ever. Both are ISO 8601.
 *
 * @public
 */
export type IndexSigning = { readonly privateKey: string; readonly at?: string; readonly expiresAt?: string };

/** An index whose signature was verified; `isVouched` tells whether the key was one that the caller named. */
export type OpenedIndex = {
  readonly index: PluginIndex;
  readonly key: string;
  readonly signedAt: string;
  readonly expiresAt: string | null;
  readonly isVouched: boolean;
};

const NO_TIME = '1970-01-01T00:00:00.000Z';

/** Signs an index. The same index, key and times give the same text. @throws {HostError} `SIGNATURE_INVALID` where the key is none; `INDEX_REFUSED` where it is larger than is read. */
export function sealIndex(index: PluginIndex, { privateKey, at = NO_TIME, expiresAt }: IndexSigning): string {
  const about = { ...statementOf(index), signed_at: at, expires_at: expiresAt ?? null };
  const document = canonicalJson(asJson(index));
  const sealed = { index, signature: signArchive(Buffer.from(document), about, privateKey) };
  const text = `${JSON.stringify(JSON.parse(canonicalJson(asJson(sealed))), undefined, 1)}\n`;
  insistOnSize(Buffer.byteLength(text), 'INDEX_REFUSED');
  return text;
}

/** By whom an index must be signed, and at which time (milliseconds since 1970) it is opened; `place` is for messages. */
export type OpeningIndex = { readonly place: string; readonly publicKey?: string | undefined; readonly now: number };

/**
 * Reads and verifies the text of an index. Whether it is older than one that was seen before is for the caller to judge.
 *
 * @throws {HostError} `INDEX_INVALID`; `SIGNATURE_INVALID`, also for another key than was named; `INDEX_STALE` where it has ended.
 */
export function openIndex(text: string, { place, publicKey, now }: OpeningIndex): OpenedIndex {
  insistOnSize(Buffer.byteLength(text), 'INDEX_INVALID');
  const { document, signature } = partsOf(text, place);
  const envelope = verified({ document, signature, place });
  const { public_key: key, statement } = envelope;
  if (publicKey !== undefined && key !== publicKey)
    throw badSignature(place, `it was signed by ${key}; expected ${publicKey}`);
  const parsed = parsePluginIndex(document);
  if (!parsed.ok) throw invalid(place, parsed.fault);
  const { name, version } = statementOf(parsed.index);
  if (statement.name !== name || statement.version !== version)
    throw badSignature(
      place,
      `the signature is of ${statement.name} ${statement.version}, and it holds ${name} ${version}`,
    );
  if (statement.expires_at !== null && Date.parse(statement.expires_at) <= now)
    throw new HostError('INDEX_STALE', { message: `the index at ${place} ended at ${statement.expires_at}` });
  const { signed_at: signedAt, expires_at: expiresAt } = statement;
  return { index: parsed.index, key, signedAt, expiresAt, isVouched: publicKey !== undefined };
}

function statementOf({ name, serial }: PluginIndex): Pick<Envelope['statement'], 'name' | 'version'> {
  return { name: `index:${name}`, version: String(serial) };
}

type Parts = { readonly document: JsonValue; readonly signature: JsonValue };

function partsOf(text: string, place: string): Parts {
  const value = parseJson(text, place);
  const fault = inspectJson(value, { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.index_keys.value });
  if (fault?.kind === 'too_deep') throw invalid(place, `nests deeper than ${fault.allowed} levels`);
  if (fault !== undefined) throw invalid(place, `has more than ${fault.allowed} keys and items`);
  if (!isJsonObject(value)) throw invalid(place, 'is no object');
  const { index: document, signature } = value;
  if (document === undefined || signature === undefined) throw invalid(place, 'lacks "index" or "signature"');
  return { document, signature };
}

/** An end in the past is told apart from a signature that is none. */
const BEFORE_EVERY_END = Number.NEGATIVE_INFINITY;

function verified({ document, signature, place }: Parts & { readonly place: string }): Envelope {
  try {
    return verifySignature(JSON.stringify(signature), Buffer.from(canonicalJson(document)), BEFORE_EVERY_END);
  } catch (cause) {
    if (!(cause instanceof HostError)) throw cause;
    throw badSignature(place, cause.message, cause);
  }
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(place, 'is not JSON', cause);
  }
}

function insistOnSize(bytes: number, code: 'INDEX_INVALID' | 'INDEX_REFUSED'): void {
  const { value } = LIMITS.index_bytes;
  if (bytes <= value) return;
  throw new HostError(code, {
    message: `the index has ${bytes} bytes; at most ${value} are read`,
    hint: 'Take old versions out of it, or make another index for some of its plugins.',
  });
}

/** An interface of the protocol is JSON, which TypeScript does not see through optional members. */
function asJson(value: object): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

function invalid(place: string, fault: string, cause?: unknown): HostError {
  return new HostError('INDEX_INVALID', {
    message: `the index at ${place} ${fault}`,
    ...(cause !== undefined && { cause }),
  });
}

function badSignature(place: string, what: string, cause?: unknown): HostError {
  return new HostError('SIGNATURE_INVALID', {
    message: `the index at ${place}: ${what}`,
    hint: 'Have whoever keeps the index say which key is right; take nothing from it until then.',
    ...(cause !== undefined && { cause }),
  });
}
