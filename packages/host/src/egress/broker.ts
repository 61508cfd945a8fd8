/**
 * Carries what a plugin sends with `fetch` (DESIGN 6): a request is judged, given its secrets, dialled, and redirected as often as
 * each new target is allowed; its answer is unpacked, bounded and freed of secrets while it is read.
 *
 * E1: Nothing goes to a target that the plugin does not list, to an address that is not public unless the operator lists it, or
 *     without encryption.
 * E2: A secret goes to its own hosts alone, and no byte of it comes back.
 * E3: Whatever the other side does, a request ends within its bounds.
 */
import { LIMITS } from '@bulkhead/protocol';
import type { Cassette } from './cassette.ts';
import type { Dialer, WireResponse } from './dialer.ts';
import { failed, pastLimit, refused } from './egress-errors.ts';
import { answerHeaders, headerOf, requestHeaders, type HeaderPair } from './headers.ts';
import { createScrubber, type Scrubber, type SentSecret } from './scrub.ts';
import { fillSecrets, type GrantedSecret } from './secrets.ts';
import { judgeTarget, refusal, type Target, type TargetRules } from './target.ts';
import { unpack } from './unpack.ts';

/** What a plugin asks for. `url` may hold placeholders of secrets, and so may headers and body. */
export type EgressRequest = {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array | undefined;
  /** What becomes of a redirect: followed, given to the plugin, or a failure; as `fetch` has it. */
  readonly redirect: 'follow' | 'manual' | 'error';
};

/** For whom, and what it may. */
export type Errand = {
  readonly rules: TargetRules;
  readonly secrets: readonly GrantedSecret[];
  /** Ends the request, also while its answer is read. */
  readonly signal: AbortSignal;
  /** Told of the bytes of bodies and URLs before they go and as they come; what it throws ends the request. */
  readonly didMove: (direction: 'sent' | 'received', bytes: number) => void;
};

/** An answer; `url` is where it came from in the end. */
export type EgressAnswer = {
  readonly url: string;
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly isRedirected: boolean;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the request, whether its body was begun or not. May be called again. */
  readonly leave: () => void;
};

/** Sends requests. @throws {HostError} `EGRESS_REFUSED`, `EGRESS_LIMIT`, `EGRESS_FAILED`; the answer's body throws the latter two. */
export type Broker = { readonly send: (request: EgressRequest, errand: Errand) => Promise<EgressAnswer> };

/** What a broker is made of; bounds are those of LIMITS where they are left out. */
export type BrokerOptions = {
  readonly dialer: Pick<Dialer, 'dial'>;
  /** Keeps or plays back what is sent; in tests. */
  readonly cassette?: Cassette | undefined;
  readonly responseBytesMax?: number;
  readonly requestMs?: number;
};

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Makes a broker. */
export function createBroker(options: BrokerOptions): Broker {
  const requestMs = options.requestMs ?? LIMITS.egress_request_ms.value;
  return {
    send: async (request, errand) => {
      const late = AbortSignal.timeout(requestMs);
      const signal = AbortSignal.any([errand.signal, late]);
      const within = <Result>(step: Promise<Result>): Promise<Result> =>
        step.catch((error: unknown) => {
          throw late.aborted ? pastLimit('egress_request_ms') : error;
        });
      return within(follow(options, request, { ...errand, signal, within }));
    },
  };
}

/** An errand under way. */
type Journey = Errand & { readonly within: <Result>(step: Promise<Result>) => Promise<Result> };

async function follow(options: BrokerOptions, asked: EgressRequest, journey: Journey): Promise<EgressAnswer> {
  const sent: SentSecret[] = [];
  let request = asked;
  for (let hop = 0; ; hop += 1) {
    const target = allowedTarget(request.url, journey.rules);
    const response = await sendOnce(options, { request, target, sent }, journey);
    const scrubber = createScrubber(sent);
    const location = headerOf(response.headers, 'location');
    if (!REDIRECTS.has(response.status) || location === undefined || asked.redirect === 'manual') {
      const told = { response, scrubber, bytesMax: options.responseBytesMax ?? LIMITS.egress_response_bytes.value };
      return { url: target.href, isRedirected: hop > 0, ...answerOf(told, journey) };
    }
    response.leave();
    if (asked.redirect === 'error') throw failed(`${target.hostPort} redirects, which the plugin does not want`);
    if (hop === LIMITS.egress_redirects.value)
      throw refused(refusal('redirects', target.hostPort, `${target.hostPort} redirects once more than ${hop} times`));
    request = redirected(request, { target, response, location: scrubber.text(location) }, journey);
  }
}

function allowedTarget(url: string, rules: TargetRules): Target {
  const bytes = Buffer.byteLength(url);
  if (bytes > LIMITS.egress_url_bytes.value) throw pastLimit('egress_url_bytes', bytes);
  const judged = judgeTarget(url, rules);
  if (!judged.ok) throw refused(judged);
  return judged.target;
}

type Hop = { readonly request: EgressRequest; readonly target: Target; readonly sent: SentSecret[] };

async function sendOnce(
  { dialer, cassette }: BrokerOptions,
  { request, target, sent }: Hop,
  journey: Journey,
): Promise<WireResponse> {
  const { method, body } = request;
  if (!METHODS.has(method))
    throw refused(refusal('method', target.hostPort, `the method is none of ${[...METHODS].join(', ')}`));
  if (body !== undefined && body.length > LIMITS.egress_request_bytes.value)
    throw pastLimit('egress_request_bytes', body.length);
  const headers = requestHeaders(request.headers, target.hostPort);
  const filled = await fillSecrets({ target, headers, body }, journey.secrets);
  sent.push(...filled.sent);
  journey.didMove('sent', filled.href.length + (filled.body?.length ?? 0));
  const wire = { method, headers: [...filled.headers, ['accept-encoding', 'identity'] as const], body: filled.body };
  const send = (): Promise<WireResponse> => dialer.dial({ ...target, href: filled.href }, wire, journey.signal);
  const written = { method, href: target.href, headers, body };
  const { secrets, signal } = journey;
  return cassette === undefined ? send() : cassette.carry({ written, target, secrets, signal, send });
}

type Redirect = { readonly target: Target; readonly response: WireResponse; readonly location: string };

/** The next request, as `fetch` makes it; to another host it takes nothing along by which somebody is known (FAULTS 102). */
function redirected(
  request: EgressRequest,
  { target, response, location }: Redirect,
  { rules, secrets }: Journey,
): EgressRequest {
  const url = URL.parse(location, target.href)?.href;
  if (url === undefined)
    throw refused(refusal('url', target.hostPort, `${target.hostPort} redirects to what is no URL`));
  const isElsewhere = allowedTarget(url, rules).hostPort !== target.hostPort;
  const becomesGet =
    response.status === 303 ? request.method !== 'HEAD' : response.status < 303 && request.method === 'POST';
  const isKept = ([name, value]: HeaderPair): boolean =>
    !(becomesGet && name.toLowerCase().startsWith('content-')) && !(isElsewhere && isOfSomebody(name, value, secrets));
  const headers = request.headers.filter(isKept);
  return becomesGet ? { ...request, url, headers, method: 'GET', body: undefined } : { ...request, url, headers };
}

function isOfSomebody(name: string, value: string, secrets: readonly GrantedSecret[]): boolean {
  return (
    ['authorization', 'cookie'].includes(name.toLowerCase()) ||
    secrets.some(({ placeholder }) => value.includes(placeholder))
  );
}

type Answering = { readonly response: WireResponse; readonly scrubber: Scrubber; readonly bytesMax: number };

function answerOf(answering: Answering, journey: Journey): Pick<EgressAnswer, 'status' | 'headers' | 'body' | 'leave'> {
  const { response, scrubber } = answering;
  const encoding = headerOf(response.headers, 'content-encoding');
  const headers = answerHeaders(response.headers, encoding !== undefined);
  const pieces = unpackOrLeave(response, encoding);
  return {
    status: response.status,
    headers: headers.map(([name, value]): HeaderPair => [name, scrubber.text(value)]),
    body: bodyOf({ ...answering, pieces }, journey),
    leave: response.leave,
  };
}

function unpackOrLeave(response: WireResponse, encoding: string | undefined): AsyncIterable<Uint8Array> {
  try {
    return unpack(response.body, encoding);
  } catch (error) {
    response.leave();
    throw error;
  }
}

async function* bodyOf(
  { response, pieces, scrubber, bytesMax }: Answering & { readonly pieces: AsyncIterable<Uint8Array> },
  { didMove, within }: Journey,
): AsyncGenerator<Uint8Array> {
  const scrubbed = scrubber.stream();
  const source = pieces[Symbol.asyncIterator]();
  let bytes = 0;
  try {
    for (;;) {
      const next = await within(source.next());
      if (next.done === true) break;
      bytes += next.value.length;
      didMove('received', next.value.length);
      if (bytes > bytesMax) throw pastLimit('egress_response_bytes', bytes);
      const given = scrubbed.push(next.value);
      if (given.length > 0) yield given;
    }
    const rest = scrubbed.end();
    if (rest.length > 0) yield rest;
  } finally {
    response.leave();
    await source.return?.();
  }
}
