/**
 * Writes a fault as the answer to a request, through Fastify where there is a request, and straight to the socket where
 * bytes never became one.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '@bulkhead/host';
import { encodeFault } from './encode.ts';
import { faultOf, faultOfConnection, type Fault } from './fault.ts';
import { PLUGIN_NOT_FOUND_DETAIL } from './not-found.ts';
import { isHealthOfPlugin, placeOf } from './plane.ts';

/** A request that did not end well, and where to say so. */
export type Failed = {
  readonly error: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly log: Log;
};

/** Answers a request with what was wrong with it; a bug of ours is logged with its stack, under the request's id. */
export function answerFault({ error, request, reply, log }: Failed): FastifyReply {
  const fault = nameableOf(faultOf(error), request);
  if (fault.isOurs === true) logFault(log, error, request);
  const { status, headers, body } = encodeFault(fault, placeOf(request.url));
  return reply.code(status).headers(headers).send(body);
}

/** Answers bytes that Node's parser refused, then ends the connection. */
export function answerConnectionFault(error: Error, socket: Socket): void {
  // Nobody is there to read, or an earlier answer on this connection is half written.
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = encodeFault(faultOfConnection(error), { plane: 'control', plugin: '', target: '' });
  const head = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n${body}`);
}

/** A name that no router can read is the name of no plugin: 404, like every other (F001-20). */
function nameableOf(fault: Fault, request: FastifyRequest): Fault {
  const isUnreadable = fault.code === 'REQUEST_INVALID' || fault.code === 'ROUTE_NOT_FOUND';
  if (!isUnreadable || !['GET', 'HEAD'].includes(request.method) || !isHealthOfPlugin(request.url)) return fault;
  return { code: 'PLUGIN_NOT_FOUND', detail: PLUGIN_NOT_FOUND_DETAIL };
}

function logFault(log: Log, error: unknown, request: FastifyRequest): void {
  try {
    log.error({ err: error, request_id: request.id, route: request.routeOptions.url }, 'the server is at fault');
  } catch {
    // A log that throws may be the fault itself; the answer must still go out.
  }
}
