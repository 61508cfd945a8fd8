/**
 * `fetch` of plugins (DESIGN 6), with the permission `internet`: a request is written, sent and read piece by piece, so that
 * neither side holds a large answer, and a plugin that does not read is waited for. What may go out is the broker's to judge.
 */
import { LIMITS, callError, isJsonObject, type CallError, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Broker, EgressAnswer, EgressRequest, Errand } from '../egress/broker.ts';
import { createOpenRequests, type OpenRequests } from './open-requests.ts';
import {
  given,
  invalid,
  refused,
  textOf,
  type LastingService,
  type ServiceMethod,
  type ServiceRequest,
  type ServiceResult,
} from './desk.ts';

/** What the service is made of. */
export type EgressServiceOptions = {
  readonly broker: Broker;
  /** What an instance may reach for a tenant; undefined where it has ended. Rejects with a HostError where the tenant may reach nothing. */
  readonly errandOf: (request: ServiceRequest) => Promise<Omit<Errand, 'signal'> | undefined>;
  /** Told how each request ended that was to go out: `ok`, or a code of the error table. */
  readonly didEnd: (request: ServiceRequest, code: string, error: HostError | undefined) => void;
};

const REQUESTS_MAX = LIMITS.egress_requests.value;
const BODY_BYTES_MAX = LIMITS.egress_request_bytes.value;
const PIECE_CHARACTERS_MAX = Math.ceil(LIMITS.raw_chunk_bytes.value / 3) * 4;

/** Makes the methods that `fetch` in a guest asks. */
export function createEgressService(options: EgressServiceOptions): LastingService {
  const open = createOpenRequests(REQUESTS_MAX);

  async function send(request: ServiceRequest): Promise<ServiceResult> {
    const one = open.take(request.speaker, numberOf(request.args));
    if (one === undefined) return refused(tooMany());
    if (one.isSent) return invalid(SENT_ALREADY);
    try {
      const answer = await options.broker.send(
        requestOf(request.args, one.takeBody()),
        await errandOf(options, request, one.signal),
      );
      one.begin(answer);
      options.didEnd(request, 'ok', undefined);
      return given(headOf(answer));
    } catch (error) {
      open.end(request.speaker, numberOf(request.args));
      const known = error instanceof HostError ? error : undefined;
      options.didEnd(request, known?.code ?? 'HOST_FAULT', known);
      throw error;
    }
  }

  return {
    methods: {
      write: { takes: takes({ data: { type: 'string', maxLength: PIECE_CHARACTERS_MAX } }), needs, run: writeBy(open) },
      send: { takes: takes(SENT), needs, run: send },
      read: { takes: takes({}), needs, run: readBy(open), isPaced: hasData },
      leave: { takes: takes({}), needs, run: leaveBy(open) },
    },
    didLeave: open.endAll,
  };
}

async function errandOf(options: EgressServiceOptions, request: ServiceRequest, signal: AbortSignal): Promise<Errand> {
  if (request.speaker.isTrial) throw new HostError('EGRESS_REFUSED', { message: TRIAL });
  const errand = await options.errandOf(request);
  if (errand === undefined) throw new HostError('SERVICE_ASK_INVALID', { message: 'the instance has ended' });
  return { ...errand, signal };
}

function writeBy(open: OpenRequests): ServiceMethod['run'] {
  return async ({ speaker, args }) => {
    const one = open.take(speaker, numberOf(args));
    if (one === undefined) return refused(tooMany());
    if (one.isSent) return invalid(SENT_ALREADY);
    one.write(Buffer.from(textOf(args, 'data') ?? '', 'base64'));
    const bytes = open.bytesOf(speaker);
    if (bytes <= BODY_BYTES_MAX) return given({});
    open.end(speaker, numberOf(args));
    return refused(tooLarge(bytes));
  };
}

function readBy(open: OpenRequests): ServiceMethod['run'] {
  return async ({ speaker, args }) => {
    const reading = open.get(speaker, numberOf(args))?.next();
    if (reading === undefined) return invalid('egress.read: there is no request of this number that was sent');
    const piece = await reading.catch((error: unknown) => {
      open.end(speaker, numberOf(args));
      throw error;
    });
    if (piece.done !== true) return given({ data: Buffer.from(piece.value).toString('base64') });
    open.end(speaker, numberOf(args));
    return given({ done: true });
  };
}

/** A download of a gigabyte is thousands of pieces; each waits for the one before it, and for the network. */
function hasData(value: JsonValue): boolean {
  return isJsonObject(value) && value['data'] !== undefined;
}

function leaveBy(open: OpenRequests): ServiceMethod['run'] {
  return async ({ speaker, args }) => {
    open.end(speaker, numberOf(args));
    return given({});
  };
}

const SENT_ALREADY = 'egress: the request of this number was sent; take another number';
const TRIAL = 'a trial reaches no network: let the plugin load without it, and fetch in a call';
const needs = (): string => 'internet';
const request = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const text = { type: 'string' };
const SENT: JsonObject = {
  url: text,
  method: { type: 'string', maxLength: 16 },
  headers: { type: 'array', items: { type: 'array', items: text, minItems: 2, maxItems: 2 } },
  redirect: { enum: ['follow', 'manual', 'error'] },
};

function takes(properties: JsonObject): JsonObject {
  const all = { request, ...properties };
  return { type: 'object', properties: all, required: Object.keys(all), additionalProperties: false };
}

/** The schema has judged it. */
function requestOf({ url, method, headers, redirect }: JsonObject, body: Uint8Array | undefined): EgressRequest {
  return { url, method, headers, redirect, body } as unknown as EgressRequest;
}

function headOf({ url, status, headers, isRedirected }: EgressAnswer): JsonValue {
  return { url, status, headers: headers.map(([name, value]) => [name, value]), is_redirected: isRedirected };
}

/** The schema has judged it. */
function numberOf({ request: number }: JsonObject): number {
  return Number(number);
}

function tooLarge(observed: number): CallError {
  const limit = { name: 'egress_request_bytes', allowed: BODY_BYTES_MAX, observed, unit: 'bytes' };
  return callError('EGRESS_LIMIT', {
    message: `the bodies of an instance’s requests have at most ${BODY_BYTES_MAX} bytes together`,
    limit,
  });
}

function tooMany(): CallError {
  const limit = { name: 'egress_requests', allowed: REQUESTS_MAX, observed: REQUESTS_MAX + 1, unit: 'requests' };
  const message = `an instance has ${REQUESTS_MAX} requests at a time at most; read or cancel the answers of others first`;
  return callError('EGRESS_LIMIT', { message, limit });
}
