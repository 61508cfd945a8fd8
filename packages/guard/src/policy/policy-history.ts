/**
 * The history of policies as lines: which was current since when, who signed it, and that nobody has changed a line since. Pure; the
 * files are policy-store.ts's.
 *
 *   each line   {"action","name","previous","restores","schema_v","seq","sha256","signature","time"}, as canonical JSON
 *   previous    SHA-256 of the line before, without its end; of nothing, 64 zeros, in the first
 *
 * I1: a line is never changed. I2: a rollback is a line like any other. What the chain cannot see is that its last lines are gone: whoever
 * must know keeps the head elsewhere, and hands it to `verify`.
 */
import { canonicalJson } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import { checkSignature, parseSignature, sha256, type PolicySignature } from './sign-policy.ts';

/**
 * A line. `time` is ISO 8601, `seq` counts from 1; `restores` is the `seq` that a rollback went back to.
 *
 * @public
 */
export type PolicyHistoryLine = {
  readonly schema_v: 1;
  readonly seq: number;
  readonly time: string;
  readonly action: 'snapshot' | 'rollback';
  readonly name: string;
  readonly sha256: string;
  readonly restores: number | null;
  readonly signature: PolicySignature | null;
  readonly previous: string;
};

/**
 * What is wrong with the line of that number, from 1.
 *
 * @public
 */
export type HistoryFault = { readonly line: number; readonly what: string };

/** What precedes the first line. */
export const ORIGIN = '0'.repeat(64);

/** The whole lines and the bytes that they take, the hash of the last, and how many bytes of a write that was cut off are behind them. */
export type ReadHistory = {
  readonly lines: readonly string[];
  readonly wholeBytes: number;
  readonly head: string;
  readonly tornBytes: number;
};

/** Takes the file apart. */
export function splitHistory(bytes: Buffer): ReadHistory {
  const wholeBytes = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.toString('utf8', 0, wholeBytes).split('\n').slice(0, -1);
  const last = lines.at(-1);
  const head = last === undefined ? ORIGIN : sha256(last);
  return { lines, wholeBytes, head, tornBytes: bytes.length - wholeBytes };
}

/** Writes a line, without its end. */
export function formatLine(line: PolicyHistoryLine): string {
  return canonicalJson(line);
}

/**
 * Reads lines that must be whole.
 *
 * @throws {GuardError} `POLICY_HISTORY_BROKEN` names the first that is not, or does not follow the one before.
 */
export function parseHistory(lines: readonly string[]): readonly PolicyHistoryLine[] {
  const { parsed, faults } = followHistory(lines);
  const [fault] = faults;
  if (fault === undefined) return parsed;
  throw new GuardError(
    'POLICY_HISTORY_BROKEN',
    `line ${fault.line} of the history of policies ${fault.what}; put the file back as it was, nothing is written behind a broken line`,
  );
}

/** Follows the chain, and tells every line that is not as it was written. */
export function followHistory(lines: readonly string[]): {
  readonly parsed: readonly PolicyHistoryLine[];
  readonly faults: readonly HistoryFault[];
} {
  const parsed: PolicyHistoryLine[] = [];
  const faults: HistoryFault[] = [];
  let previous = ORIGIN;
  for (const [index, text] of lines.entries()) {
    const line = parseLine(text);
    const what =
      line === undefined ? 'is no line of a history' : faultOf(line, { previous, seq: index + 1, earlier: parsed });
    if (what !== undefined) faults.push({ line: index + 1, what });
    if (line !== undefined) parsed.push(line);
    previous = sha256(text);
  }
  return { parsed, faults };
}

type Place = {
  readonly previous: string;
  readonly seq: number;
  readonly earlier: readonly PolicyHistoryLine[];
};

function faultOf(line: PolicyHistoryLine, { previous, seq, earlier }: Place): string | undefined {
  if (line.seq !== seq) return `has seq ${line.seq}; expected ${seq}`;
  if (line.previous !== previous) return 'does not follow the line before it: one of the two was changed';
  const { restores } = line;
  if (restores !== null && earlier.find((one) => one.seq === restores)?.sha256 !== line.sha256) {
    return `goes back to line ${restores}, which has another policy`;
  }
  return signatureFault(line);
}

function signatureFault({ signature, sha256: digest, name }: PolicyHistoryLine): string | undefined {
  if (signature === null) return undefined;
  try {
    checkSignature(signature, digest, name);
    return undefined;
  } catch (error) {
    return `is signed, and ${error instanceof Error ? error.message : 'that does not hold'}`;
  }
}

/** Undefined where it is none, or is written otherwise than we write it. */
function parseLine(text: string): PolicyHistoryLine | undefined {
  try {
    const line = toLine(JSON.parse(text));
    return line !== undefined && formatLine(line) === text ? line : undefined;
  } catch {
    // What is no JSON, or has a signature of no form, is no line.
    return undefined;
  }
}

function toLine(value: unknown): PolicyHistoryLine | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>; // Any object may be asked for any key.
  const { schema_v, seq, time, action, name, sha256: digest, restores, signature, previous } = fields;
  if (schema_v !== 1 || !isSeq(seq) || !(restores === null || isSeq(restores))) return undefined;
  if (action !== 'snapshot' && action !== 'rollback') return undefined;
  if (typeof time !== 'string' || typeof name !== 'string') return undefined;
  if (!isDigest(digest) || !isDigest(previous)) return undefined;
  const parsed = signature === null ? null : parseSignature(signature);
  return { schema_v, seq, time, action, name, sha256: digest, restores, signature: parsed, previous };
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

/** Also what keeps a digest from naming a file elsewhere. */
function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
