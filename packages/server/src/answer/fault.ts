/**
 * What is wrong with a request, in the words of the error table, whoever noticed: our guards, Fastify, Node's parser or the
 * host. Message texts of others are never decided on and never passed through (STYLE 24).
 */
import { HostError, type ConsentDetails } from '@bulkhead/host';
import type { ErrorCode, ErrorSpecifics, Finding } from '@bulkhead/protocol';

/** One thing that is wrong. `detail` stands where CONTRACTS fixes the text; `isOurs` marks a bug, which is logged. */
export type Fault = ErrorSpecifics & {
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly findings?: readonly Finding[];
  readonly consent?: ConsentDetails;
  readonly isOurs?: true;
};

const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'REQUEST_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'REQUEST_TYPE_UNSUPPORTED',
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'REQUEST_TYPE_UNSUPPORTED',
  FST_ERR_NOT_FOUND: 'ROUTE_NOT_FOUND',
};

const PARSER_CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'REQUEST_HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

/** Reads whatever was thrown while a request was served. An error that nobody foresaw is ours: `HOST_FAULT`. */
export function faultOf(error: unknown): Fault {
  if (error instanceof HostError) {
    const { code, message, hint, findings, limit, consent } = error;
    const more = { ...(limit !== undefined && { limit }), ...(consent !== undefined && { consent }) };
    return { code, message, hint, findings, ...more };
  }
  const { code = '', statusCode = 500 } = codesOf(error);
  const known = FASTIFY_CODES[code];
  if (known !== undefined) return { code: known };
  return statusCode >= 400 && statusCode < 500 ? { code: 'REQUEST_INVALID' } : { code: 'HOST_FAULT', isOurs: true };
}

/** Reads an error of Node's HTTP parser: bytes that never became a request. */
export function faultOfConnection(error: unknown): Fault {
  const { code = '' } = codesOf(error);
  return { code: PARSER_CODES[code] ?? 'REQUEST_INVALID' };
}

function codesOf(error: unknown): { readonly code?: string; readonly statusCode?: number } {
  if (!(error instanceof Error)) return {};
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const statusCode = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  return statusCode === undefined ? code : { ...code, statusCode };
}
