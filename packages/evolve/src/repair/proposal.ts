/**
 * What a repair leaves, and how it is read again: a document with everything that was found out, sealed with the digests of the files
 * beside it, so that what is accepted is what was judged. Whoever has the key of the seal can make one, and nobody else.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';

/**
 * `proposal.json`, as it stands in the file. `files` are those of the folder `source` with their SHA-256; `seal` is the HMAC-SHA256 of
 * everything else in the document, as canonical JSON.
 *
 * @public
 */
export type RepairProposal = {
  readonly schema_version: 1;
  readonly plugin: string;
  readonly from: { readonly version: string; readonly digest: string | null };
  readonly to: { readonly version: string; readonly digest: string };
  readonly file: string;
  readonly reason: string;
  readonly verdict: 'adopt' | 'inconclusive';
  readonly evidence: JsonObject;
  readonly candidates: readonly JsonObject[];
  readonly seed: number;
  readonly backend: string;
  readonly usage: JsonObject;
  readonly tier: string;
  readonly created_at: string;
  readonly patch_sha256: string;
  readonly files: Readonly<Record<string, string>>;
  readonly seal: string;
};

const hex = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const closed = (properties: JsonObject, required = Object.keys(properties)): JsonObject => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/**
 * JSON Schema of `proposal.json` (2020-12).
 * @public
 */
export const REPAIR_PROPOSAL_SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A repair that was proved and waits to be accepted',
  ...closed({
    schema_version: { const: 1 },
    plugin: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,63}$' },
    from: closed({ version: text, digest: { anyOf: [hex, { type: 'null' }] } }),
    to: closed({ version: text, digest: hex }),
    file: text,
    reason: text,
    verdict: { enum: ['adopt', 'inconclusive'] },
    evidence: closed({
      failing: closed({ visible: count, hidden: count, passed: count }),
      passing: closed({ visible: count, hidden: count, flips: count }),
      left: count,
      comparisons: {
        type: 'array',
        items: closed({
          tools: { type: 'array', items: text },
          answers: { enum: ['same', 'valid'] },
          verdict: { enum: ['adopt', 'inconclusive'] },
          reasons: { type: 'array', items: text },
          cases: count,
          changed: count,
        }),
      },
    }),
    candidates: {
      type: 'array',
      items: closed({ evaluation: { type: 'integer', minimum: 1 }, file: text, at: text, reason: text }, [
        'evaluation',
        'at',
        'reason',
      ]),
    },
    seed: count,
    backend: text,
    usage: closed({ input_tokens: count, output_tokens: count, cost_usd: { type: 'number', minimum: 0 } }),
    tier: text,
    created_at: text,
    patch_sha256: hex,
    files: { type: 'object', additionalProperties: hex },
    seal: hex,
  }),
};

/** Seals a document. */
export function sealProposal(open: Omit<RepairProposal, 'seal'>, key: Uint8Array): RepairProposal {
  return { ...open, seal: sealOf(open, key) };
}

/**
 * Reads one.
 *
 * @throws {EvolveError} `PROPOSAL_INVALID` where the text is no proposal; `PROPOSAL_CHANGED` where it is not as it was sealed.
 */
export function parseProposal(
  written: string,
  { file, key }: { readonly file: string; readonly key: Uint8Array },
): RepairProposal {
  const value = parsed(written, file);
  const open = Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'seal'));
  if (!isProposal(value)) throw new EvolveError('PROPOSAL_INVALID', `${file} is no proposal of a repair`);
  if (isSame(value.seal, sealOf(open, key))) return value;
  throw new EvolveError(
    'PROPOSAL_CHANGED',
    `${file} has not the seal that it would have here: it was changed after it was judged, or made with another data folder. Repair the plugin again, or accept it where it was made`,
  );
}

/** SHA-256 of bytes, hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function sealOf(open: JsonObject | Omit<RepairProposal, 'seal'>, key: Uint8Array): string {
  return createHmac('sha256', key).update(canonicalJson(open)).digest('hex');
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

function parsed(written: string, file: string): JsonObject {
  try {
    const value = JSON.parse(written) as JsonValue; // JSON.parse gives nothing else.
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw new EvolveError('PROPOSAL_INVALID', `${file} is not JSON; expected a proposal of a repair`, { cause });
  }
  throw new EvolveError('PROPOSAL_INVALID', `${file} is no object; expected a proposal of a repair`);
}

const TEXTS = ['plugin', 'file', 'reason', 'backend', 'tier', 'created_at', 'patch_sha256', 'seal'];
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const VERSION = /^\d{1,9}(?:\.\d{1,9}){2}[\w.+-]{0,100}$/;

/** What is read of it here; the rest is only shown, and the seal says that it is as it was written. */
function isProposal(value: JsonObject): value is JsonObject & RepairProposal {
  const { schema_version: schema, plugin, from, to, verdict, files, evidence, candidates } = value;
  return (
    schema === 1 &&
    TEXTS.every((name) => typeof value[name] === 'string') &&
    typeof plugin === 'string' &&
    NAME.test(plugin) &&
    isRelease(from, true) &&
    isRelease(to, false) &&
    (verdict === 'adopt' || verdict === 'inconclusive') &&
    isJsonObject(evidence) &&
    Array.isArray(candidates) &&
    isJsonObject(files) &&
    Object.values(files).every((digest) => typeof digest === 'string' && DIGEST.test(digest))
  );
}

function isRelease(value: JsonValue | undefined, mayLackDigest: boolean): boolean {
  if (!isJsonObject(value)) return false;
  const { version, digest } = value;
  const isDigest = typeof digest === 'string' ? DIGEST.test(digest) : mayLackDigest && digest === null;
  return typeof version === 'string' && VERSION.test(version) && isDigest;
}
