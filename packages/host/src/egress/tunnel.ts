/**
 * Bytes between a program in a jail and a host that it may reach. What they say is between the two: held are where they go, that
 * they begin as TLS to that host does, how many there are and how long it takes.
 */
import { LIMITS } from '@bulkhead/protocol';
import type { Socket } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Errand } from './broker.ts';
import { readGreeting, type Greeting } from './client-hello.ts';
import type { Dialer } from './dialer.ts';
import { failed, pastLimit, refused } from './egress-errors.ts';
import { judgeTarget, refusal, type Target } from './target.ts';

/** What a tunnel is held to: bytes each way, and milliseconds. */
export type TunnelBounds = {
  readonly bytesMax: number;
  readonly helloMs: number;
  readonly silentMs: number;
  readonly wholeMs: number;
};

/** As the table of limits has it. */
export const TUNNEL_BOUNDS: TunnelBounds = {
  bytesMax: LIMITS.egress_response_bytes.value,
  helloMs: LIMITS.egress_hello_ms.value,
  silentMs: LIMITS.egress_silent_ms.value,
  wholeMs: LIMITS.egress_request_ms.value,
};

/** A tunnel that somebody asks for. */
export type Tunnel = Pick<Errand, 'rules' | 'didMove' | 'signal'> & {
  readonly client: Socket;
  /** `host:port`. */
  readonly authority: string;
  readonly bounds: TunnelBounds;
};

/**
 * Judges, dials, and carries until both have said all.
 *
 * @throws {HostError} `EGRESS_REFUSED`, `EGRESS_LIMIT`, `EGRESS_FAILED`; the client has been answered nothing, or its socket has gone.
 */
export async function carryTunnel(tunnel: Tunnel, dialer: Pick<Dialer, 'connect'>): Promise<void> {
  const { client, authority, rules, bounds } = tunnel;
  const judged = judgeTarget(`https://${authority}/`, rules);
  if (!judged.ok) throw refused(judged);
  const late = AbortSignal.timeout(bounds.wholeMs);
  const signal = AbortSignal.any([tunnel.signal, late]);
  const host = await dialer.connect(judged.target, signal);
  try {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (!judged.target.isPrivate) await insistOnGreeting(tunnel, judged.target);
    await carry(tunnel, host, signal);
  } catch (error) {
    client.destroy();
    throw late.aborted ? pastLimit('egress_request_ms') : error;
  } finally {
    host.destroy();
  }
}

/** Only what is encrypted goes out, and to the host that was judged: behind one address there may be many. */
async function insistOnGreeting({ client, bounds }: Tunnel, { host, hostPort }: Target): Promise<void> {
  const greeting = await greetingOf(client, bounds.helloMs);
  if (greeting.kind === 'host' && greeting.host === host) return;
  const what = greeting.kind === 'host' ? 'begins to speak TLS to another host' : 'does not begin to speak TLS';
  throw refused(refusal('scheme', hostPort, `what was to go to ${hostPort} ${what}`));
}

/** Reads without taking: what came is put back, for the host. */
async function greetingOf(client: Socket, helloMs: number): Promise<Greeting> {
  const late = AbortSignal.timeout(helloMs);
  let bytes = Buffer.alloc(0);
  for (;;) {
    const piece = await nextPiece(client, late);
    if (piece === undefined) throw late.aborted ? pastLimit('egress_hello_ms') : failed('nothing was said');
    bytes = Buffer.concat([bytes, piece]);
    const greeting = readGreeting(bytes);
    if (greeting.kind === 'more') continue;
    client.unshift(bytes);
    return greeting;
  }
}

function nextPiece(client: Socket, late: AbortSignal): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const look = (): void => {
    const piece = client.read() as Buffer | null; // Without an encoding.
    if (piece !== null) resolve(piece);
  };
  const leave = (): void => resolve(undefined);
  client.on('readable', look).once('end', leave).once('close', leave);
  late.addEventListener('abort', leave, { once: true });
  look();
  return promise.finally(() => {
    client.off('readable', look).off('end', leave).off('close', leave);
    late.removeEventListener('abort', leave);
  });
}

async function carry({ client, didMove, bounds }: Tunnel, host: Socket, outer: AbortSignal): Promise<void> {
  const silent = new AbortController();
  const signal = AbortSignal.any([outer, silent.signal]);
  // Either way counts: who downloads says nothing for minutes.
  const told = silentAfter(bounds.silentMs, () => silent.abort());
  const way = (direction: 'sent' | 'received'): Transform =>
    counting(bounds.bytesMax, (bytes) => {
      told.heard();
      didMove(direction, bytes);
    });
  const broken = new AbortController();
  const both = AbortSignal.any([signal, broken.signal]);
  const ways = [
    pipeline(client, way('sent'), host, { signal: both }),
    pipeline(host, way('received'), client, { signal: both }),
  ];
  for (const one of ways) one.catch(() => broken.abort()); // Of a connection that broke one way nothing is left.
  const ends = await Promise.allSettled(ways);
  told.leave();
  const wrong = ends.find((end) => end.status === 'rejected');
  if (wrong === undefined) return;
  if (silent.signal.aborted) throw pastLimit('egress_silent_ms');
  throw wrong.reason;
}

function counting(bytesMax: number, count: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform: (piece: Buffer, _encoding, done) => {
      bytes += piece.length;
      try {
        count(piece.length);
      } catch (error) {
        return done(error as Error); // A stream would let what its transform throws end the process.
      }
      done(bytes > bytesMax ? pastLimit('egress_response_bytes', bytes) : null, piece);
    },
  });
}

function silentAfter(ms: number, act: () => void): { readonly heard: () => void; readonly leave: () => void } {
  const timer = setTimeout(act, ms);
  return { heard: () => void timer.refresh(), leave: () => clearTimeout(timer) };
}
