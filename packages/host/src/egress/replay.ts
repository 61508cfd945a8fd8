/**
 * Answers requests from what was recorded, by undici's `MockAgent` in place of the agent that dials. It has no network: what it does
 * not know ends before there is a socket.
 */
import type { MockAgent } from 'undici';
import { HostError } from '../base/host-error.ts';
import { keyOf, type Exchanged, type RecordedRequest } from './cassette-file.ts';
import { exchangeBy, type WireResponse } from './dialer.ts';
import type { Target } from './target.ts';

/** Answers; each recorded exchange answers once, those of the same request in their order. */
export type Replay = {
  /** @throws {HostError} `EGRESS_UNMATCHED` where nothing that is left matches. */
  readonly answer: (request: RecordedRequest, target: Target, signal: AbortSignal) => Promise<WireResponse>;
  readonly close: () => Promise<void>;
};

/** Makes a replay; nothing is loaded before the first request. */
export function createReplay(exchanges: readonly Exchanged[]): Replay {
  const left = [...exchanges];
  let opened: Promise<MockAgent> | undefined;
  return {
    answer: async (request, target, signal) => {
      opened ??= openMock(exchanges);
      const agent = await opened;
      const at = left.findIndex((exchange) => keyOf(exchange.request) === keyOf(request));
      if (at === -1) throw unmatched(request, exchanges);
      left.splice(at, 1);
      const wire = { method: request.method, headers: Object.entries(request.headers), body: request.body };
      return exchangeBy(agent, { target: { ...target, href: request.url }, request: wire, signal });
    },
    close: async () => (await opened)?.close(),
  };
}

async function openMock(exchanges: readonly Exchanged[]): Promise<MockAgent> {
  const { MockAgent: MockAgentOf } = await import('undici');
  const agent = new MockAgentOf();
  agent.disableNetConnect();
  for (const { request, response } of exchanges) {
    const { origin, pathname, search } = new URL(request.url);
    agent
      .get(origin)
      .intercept({ path: `${pathname}${search}`, method: request.method, body: request.body })
      .reply(response.status, Buffer.from(response.body), { headers: response.headers });
  }
  return agent;
}

function unmatched(request: RecordedRequest, exchanges: readonly Exchanged[]): HostError {
  const { origin, pathname } = new URL(request.url);
  const asked = `${request.method} ${origin}${pathname}`;
  const alike = exchanges.filter(
    ({ request: { method, url } }) => method === request.method && sameTarget(url, request.url),
  );
  const exact = alike.filter((exchange) => keyOf(exchange.request) === keyOf(request)).length;
  return new HostError('EGRESS_UNMATCHED', {
    message: `no exchange that is left of the cassette is ${asked}: ${whyNot(alike, exact)}`,
  });
}

function sameTarget(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)];
  return a.origin === b.origin && a.pathname === b.pathname;
}

function whyNot(alike: readonly Exchanged[], exact: number): string {
  if (exact > 0) return `it was recorded ${exact} times, and has been asked for more often`;
  return alike.length > 0 ? `${alike.length} of it differ in their query or body` : 'there is none of it';
}
