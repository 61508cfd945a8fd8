/**
 * What a request must keep before anybody looks at who sent it: no more headers than the bound, and on loopback a Host
 * header that names loopback. A page on the web can point its own name at 127.0.0.1 and read what answers there (DNS
 * rebinding, FAULTS 107); it cannot choose the Host header that its browser sends.
 */
import { isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { HostError } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';

/** Node would drop headers beyond a bound in silence; one more is let through, so that too many can be seen. */
export const HEADERS_READ_MAX = LIMITS.http_headers.value + 1;

/** @throws {HostError} `REQUEST_HEADERS_TOO_LARGE` when there are more headers than {@link LIMITS} allows. */
export function assertHeaderCount(request: IncomingMessage): void {
  // Names and values alternate.
  if (request.rawHeaders.length <= 2 * LIMITS.http_headers.value) return;
  throw new HostError('REQUEST_HEADERS_TOO_LARGE');
}

/**
 * Makes the check of the Host header, which throws {@link HostError} `HOST_HEADER_REFUSED` when it names anything but loopback; an
 * absent one names nothing. It keeps the header that it let through last: nearly all requests have the same.
 */
export function createLoopbackCheck(): (request: Pick<IncomingMessage, 'headers'>) => void {
  let last: string | undefined;
  return ({ headers: { host } }) => {
    if (host === last) return;
    if (host !== undefined && !isLoopbackName(nameOf(host))) throw new HostError('HOST_HEADER_REFUSED');
    last = host;
  };
}

/** Tells whether a host name or address can be reached from this machine alone. */
export function isLoopbackName(name: string): boolean {
  if (isIP(name) === 4) return name.startsWith('127.');
  return name === '::1' || name.toLowerCase() === 'localhost';
}

/** `localhost:7070` is `localhost`, `[::1]:7070` is `::1`. */
function nameOf(host: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
}
