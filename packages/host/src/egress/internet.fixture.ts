/**
 * An internet on this machine for tests: hosts by name with the addresses that they claim, served over real TLS from 127.0.0.1. The
 * broker resolves the claimed addresses and judges them; only the packets go elsewhere than they say.
 */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { createBroker, type Broker, type BrokerOptions } from './broker.ts';
import { createDialer, type Dialer, type DialerOptions } from './dialer.ts';

/** What a host received. */
export type Received = {
  readonly host: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

/** Answers of one host. */
export type Serve = (request: Received, response: ServerResponse) => void;

/** The internet, and a broker that lives in it. */
export type FakeInternet = AsyncDisposable & {
  /** Says what a name leads to; several answers are given in turn, once each, and then the last for ever. */
  readonly name: (host: string, ...answers: (readonly string[])[]) => void;
  readonly serve: (host: string, serve: Serve) => void;
  readonly received: readonly Received[];
  /** Names that were looked up, in order. */
  readonly lookups: readonly string[];
  readonly connections: () => number;
  readonly dialer: Dialer;
  /** The same for a host of its own. */
  readonly internet: DialerOptions;
  readonly broker: (options?: Partial<BrokerOptions>) => Broker;
};

/** An address of the public internet that nobody dials. */
export const PUBLIC = '93.184.216.34';

/** Opens it; every name in `names` has a certificate, and leads to {@link PUBLIC} until told otherwise. */
export async function openInternet(names: readonly string[]): Promise<FakeInternet> {
  const pems = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) },
    ],
  });
  const answers = new Map<string, (readonly string[])[]>(names.map((name) => [name, [[PUBLIC]]]));
  const hosts = new Map<string, Serve>();
  const received: Received[] = [];
  const lookups: string[] = [];
  let connections = 0;
  const server = createServer({ key: pems.private, cert: pems.cert }, answer(hosts, received));
  server.on('secureConnection', () => (connections += 1));
  const port = await listen(server);
  const internet: DialerOptions = {
    ca: pems.cert,
    divert: () => port,
    resolve: async (host) => {
      lookups.push(host);
      const list = answers.get(host) ?? [];
      return (list.length > 1 ? list.shift() : list[0]) ?? [];
    },
  };
  const dialer = createDialer(internet);
  return {
    name: (host, ...given) => void answers.set(host, given),
    serve: (host, serve) => void hosts.set(host, serve),
    received,
    lookups,
    connections: () => connections,
    dialer,
    internet,
    broker: (options) => createBroker({ dialer, ...options }),
    [Symbol.asyncDispose]: async () => {
      await dialer.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function answer(hosts: ReadonlyMap<string, Serve>, received: Received[]): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const host = (request.headers.host ?? '').replace(/:\d+$/, '');
      const { method = '', url = '', headers } = request;
      const one: Received = { host, method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
      received.push(one);
      const serve = hosts.get(host);
      if (serve === undefined) response.writeHead(404).end();
      else serve(one, response);
    });
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)); // A TCP server has one.
  });
}
