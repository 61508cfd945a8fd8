/**
 * A request that a server refused, in the server's own words: what is wrong, its code and the next step.
 */
import { ERRORS, exitCodeOf, isErrorCode, isJsonObject, type Finding, type JsonObject } from '@bulkhead/protocol';
import { EXIT_FAILED } from '../exit-codes.ts';

/** What the body of a refusal says (DESIGN 4); a newer server may have codes that are not known here. */
export type Refused = {
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly findings: readonly Finding[];
  /** The whole body, for what a code says beside this. */
  readonly body: JsonObject;
};

/** Next steps that are shorter to take on the command line than by a request. */
const HINTS: Readonly<Record<string, string>> = {
  AUTH_REQUIRED: 'Give the server’s token as BULKHEAD_TOKEN or --token, or name its data folder with --data.',
  PLUGIN_NOT_FOUND: '`bulkhead plugins` lists what there is.',
  RELEASE_NOT_FOUND: '`bulkhead releases NAME` lists what there is.',
  TASK_NOT_FOUND: '`bulkhead queue list` lists those that are kept: done ones for 14 days, dead ones for 30.',
  TENANT_NOT_FOUND: '`bulkhead tenant list` lists them, with the platform token.',
  TOKEN_NOT_FOUND: '`bulkhead token list` lists what there is.',
  ROUTE_NOT_FOUND: 'The server is older than this command line; use the one that came with it.',
};

/** Thrown where a server refuses; `exitCode` is that of the code's kind, as of an outcome (DESIGN 14). */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly code: string;
  readonly hint: string;
  readonly findings: readonly Finding[];
  readonly body: JsonObject;
  readonly exitCode: number;
  /** Whether the same request may be answered otherwise later. */
  readonly isRetryable: boolean;

  constructor(refused: Refused) {
    super(refused.detail);
    this.code = refused.code;
    this.hint = HINTS[refused.code] ?? refused.hint;
    this.findings = refused.findings;
    this.body = refused.body;
    this.isRetryable = isErrorCode(refused.code) && ERRORS[refused.code].retryable;
    this.exitCode = exitCodeOfCode(refused.code);
  }
}

/** The same where the command line knows by itself what a server would say. */
export function refusal(code: string, detail: string, hint: string = ''): RemoteError {
  return new RemoteError({ code, detail, hint, findings: [], body: {} });
}

/** Reads the body of a refusal, of the admin plane or an Outcome; undefined for what no Bulkhead says. */
export function parseRefusal(value: unknown): Refused | undefined {
  if (!isJsonObject(value)) return undefined;
  const said = isJsonObject(value['error']) ? { ...value['error'], detail: value['error']['message'] } : value;
  const { code, detail, hint } = said as Readonly<Record<string, unknown>>; // Each is looked at below.
  if (typeof code !== 'string' || typeof detail !== 'string' || typeof hint !== 'string') return undefined;
  const { findings } = value;
  const listed = Array.isArray(findings) ? (findings as unknown as readonly Finding[]) : []; // Its schema.
  return { code, detail, hint, findings: listed, body: value };
}

function exitCodeOfCode(code: string): number {
  return isErrorCode(code) ? exitCodeOf({ ok: false, error: ERRORS[code] }) : EXIT_FAILED;
}
