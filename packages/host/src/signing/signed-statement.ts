/**
 * Statements that somebody signed with an Ed25519 key, and the texts that keys are written as: of plugin archives here, of policies in guard.
 * What they state, and whose key is trusted, is for each of them to judge. An entry of the package by itself (`@bulkhead/host/signing`):
 * whoever signs or verifies needs nothing else of a host.
 *
 *   { schema_v: 1, kind: "ed25519", statement: { … }, public_key: "ed25519:BASE64", signature: "BASE64" }
 *
 * What is signed are the bytes of a first line, which says what for, and of the statement as canonical JSON: without that line one
 * protocol's signature would stand for another protocol's message.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { canonicalJson, isJsonObject, type JsonObject } from '@bulkhead/protocol';

/**
 * A pair of keys as texts: the private one as PEM (PKCS 8), the public one as `ed25519:BASE64`.
 *
 * @public
 */
export type KeyPair = { readonly privateKey: string; readonly publicKey: string };

/**
 * A statement as it is stored and sent, with its signature.
 *
 * @internal
 */
export type SignedStatement<Statement extends JsonObject> = {
  readonly schema_v: 1;
  readonly kind: 'ed25519';
  readonly statement: Statement;
  readonly public_key: string;
  readonly signature: string;
};

/**
 * A signed statement that was read and not verified, or what is wrong with its form: `is of …`.
 *
 * @internal
 */
export type ReadSigned =
  { readonly ok: true; readonly signed: SignedStatement<JsonObject> } | { readonly ok: false; readonly why: string };

const KIND = 'ed25519';
const RAW_KEY_BYTES = 32;
const SHOWN_CHARACTERS = 40;
/** What comes before the raw key in its SPKI form (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Makes a new pair of keys.
 *
 * @public
 */
export function createKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync(KIND);
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicKey: publicText(publicKey),
  };
}

/**
 * Gives the public key, as `ed25519:BASE64`, of a private one in PEM; undefined where it is none.
 *
 * @internal
 */
export function publicKeyOf(privateKey: string): string | undefined {
  const key = readPrivateKey(privateKey);
  return key === undefined ? undefined : publicText(createPublicKey(key));
}

/**
 * Tells whether a text is a public key, as `ed25519:BASE64`.
 *
 * @public
 */
export function isPublicKey(text: string): boolean {
  return toPublicKey(text) !== undefined;
}

/**
 * Gives the text `ed25519:BASE64` of a public key that is written so, or as other tools write it: PEM (SPKI, RFC 8410). Undefined where it is
 * neither; a private key is not taken for its public one.
 *
 * @internal
 */
export function publicKeyText(written: string): string | undefined {
  const text = written.trim();
  if (isPublicKey(text)) return text;
  if (!text.startsWith('-----BEGIN PUBLIC KEY-----')) return undefined;
  try {
    const key = createPublicKey(text);
    return key.asymmetricKeyType === KIND ? publicText(key) : undefined;
  } catch {
    return undefined; // PEM of nothing that is a key.
  }
}

/**
 * Signs a statement; undefined where the private key is no Ed25519 key in PEM.
 *
 * @param firstLine - What for, such as `bulkhead-signature 1`, without its end.
 * @internal
 */
export function signStatement<Statement extends JsonObject>(
  firstLine: string,
  statement: Statement,
  privateKey: string,
): SignedStatement<Statement> | undefined {
  const key = readPrivateKey(privateKey);
  if (key === undefined) return undefined;
  const signature = sign(null, messageOf(firstLine, statement), key).toString('base64');
  return { schema_v: 1, kind: KIND, statement, public_key: publicText(createPublicKey(key)), signature };
}

/**
 * Reads a signed statement, without verifying it; members that nobody signed are left out, but for those of the statement.
 *
 * @internal
 */
export function readSigned(value: unknown): ReadSigned {
  if (!isJsonObject(value) || value['schema_v'] !== 1) return refused('is not of the form with schema_v 1');
  const { kind, statement, public_key, signature } = value;
  if (kind !== KIND) return refused(`is of kind ${shown(kind)}; this version knows "${KIND}"`);
  if (!isJsonObject(statement)) return refused('has no statement');
  if (typeof public_key !== 'string' || typeof signature !== 'string') return refused('lacks public_key or signature');
  return { ok: true, signed: { schema_v: 1, kind, statement, public_key, signature } };
}

/**
 * Says why a signature was not made by the key that it names, such as `names no key of the form …`; undefined where it was.
 *
 * @internal
 */
export function signatureFault(
  firstLine: string,
  { statement, public_key, signature }: SignedStatement<JsonObject>,
): string | undefined {
  const key = toPublicKey(public_key);
  if (key === undefined) return 'names no key of the form ed25519:BASE64';
  if (verify(null, messageOf(firstLine, statement), key, readBase64(signature))) return undefined;
  return `was not made by the key that it names, ${public_key}`;
}

/**
 * Tells whether a value is a time as statements have it, in ISO 8601.
 *
 * @internal
 */
export function isStatedTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && Number.isFinite(Date.parse(value));
}

function refused(why: string): ReadSigned {
  return { ok: false, why };
}

function shown(value: unknown): string {
  return JSON.stringify(value ?? null).slice(0, SHOWN_CHARACTERS);
}

function messageOf(firstLine: string, statement: JsonObject): Buffer {
  return Buffer.from(`${firstLine}\n${canonicalJson(statement)}`);
}

function publicText(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return `${KIND}:${der.subarray(SPKI_HEAD.length).toString('base64')}`;
}

function toPublicKey(text: string): KeyObject | undefined {
  const raw = readBase64(/^ed25519:(.+)$/.exec(text)?.[1] ?? '');
  if (raw.length !== RAW_KEY_BYTES) return undefined;
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), type: 'spki', format: 'der' });
}

/** Nothing where the text is not the one way to write its bytes: two spellings of a signature would be two digests of a file. */
function readBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : Buffer.alloc(0);
}

/** What was wrong with a key that is none is nobody's to read in a log. */
function readPrivateKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === KIND ? key : undefined;
  } catch {
    return undefined;
  }
}
