/**
 * What a row of the error table says, and what the rows of one outcome kind have in common.
 */
import type { OutcomeKind } from './outcome.ts';

/**
 * Who has to act: the one who called, who wrote the plugin, or who runs the server.
 *
 * @public
 */
export type ErrorAudience = 'caller' | 'author' | 'operator';

/**
 * One row. `status` is the HTTP status, `rpc` the JSON-RPC number; `message` and `hint` hold no tenant's data.
 *
 * @public
 */
export type ErrorRow = {
  readonly audience: ErrorAudience;
  readonly kind: OutcomeKind;
  readonly status: number;
  readonly rpc: number;
  readonly retryable: boolean;
  readonly message: string;
  readonly hint: string;
};

type Meaning = Pick<ErrorRow, 'message' | 'hint'> & Partial<ErrorRow>;

/** HTTP status, JSON-RPC number, retryable and audience that a kind has unless its code says otherwise. */
const KINDS: Readonly<Record<OutcomeKind, Omit<ErrorRow, 'kind' | 'message' | 'hint'>>> = {
  tool_error: { audience: 'author', status: 502, rpc: -32000, retryable: false },
  invalid_input: { audience: 'caller', status: 400, rpc: -32602, retryable: false },
  invalid_output: { audience: 'author', status: 502, rpc: -32001, retryable: false },
  output_too_large: { audience: 'author', status: 502, rpc: -32002, retryable: false },
  denied: { audience: 'operator', status: 403, rpc: -32003, retryable: false },
  over_quota: { audience: 'operator', status: 429, rpc: -32004, retryable: true },
  overloaded: { audience: 'caller', status: 429, rpc: -32005, retryable: true },
  timeout: { audience: 'author', status: 504, rpc: -32006, retryable: true },
  out_of_memory: { audience: 'author', status: 502, rpc: -32007, retryable: false },
  crashed: { audience: 'author', status: 502, rpc: -32008, retryable: true },
  cancelled: { audience: 'caller', status: 499, rpc: -32009, retryable: true },
  protocol_violation: { audience: 'author', status: 502, rpc: -32010, retryable: false },
  breaker_open: { audience: 'operator', status: 503, rpc: -32011, retryable: true },
  unavailable: { audience: 'operator', status: 503, rpc: -32012, retryable: true },
  disabled: { audience: 'operator', status: 409, rpc: -32013, retryable: false },
  not_found: { audience: 'caller', status: 404, rpc: -32601, retryable: false },
  host_restart: { audience: 'caller', status: 502, rpc: -32014, retryable: true },
};

/** Rows of one kind, by their codes: each with what its kind has, unless it says otherwise itself. */
export function errorRows<const Codes extends string>(
  kind: OutcomeKind,
  meanings: Readonly<Record<Codes, Meaning>>,
): Readonly<Record<Codes, ErrorRow>> {
  const entries = Object.entries<Meaning>(meanings).map(([code, meaning]) => [
    code,
    { kind, ...KINDS[kind], ...meaning },
  ]);
  return Object.fromEntries(entries) as Record<Codes, ErrorRow>; // fromEntries forgets its keys.
}
