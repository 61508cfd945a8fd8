/**
 * Where debuggers attach: a port of this machine that speaks as Node's own inspector does, in front of the guest's. Whoever knows
 * the path may run code in the guest, so the path is a secret of this start, and pages of a browser are refused: by the name that
 * they call us (DNS rebinding), and by where they come from.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Inspector } from '@bulkhead/host';
import { WebSocketServer, type WebSocket } from 'ws';
import { isFromHere } from '../loopback.ts';

/** What is debugged, on which port, and who is told of debuggers. */
export type InspectorServerOptions = {
  /** 0 picks a free one. */
  readonly port: number;
  readonly title: string;
  readonly onDebugger: (is: 'attached' | 'detached') => void;
};

/** The server; `offer` gives it the instance that serves from now on. */
export type InspectorServer = {
  readonly ws: string;
  /** What Chrome opens. */
  readonly devtools: string;
  readonly offer: (inspector: Inspector) => void;
  readonly close: () => Promise<void>;
};

const LOOPBACK = '127.0.0.1';
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
/** By RFC 6455: the endpoint is going away, and try again later. */
const CLOSE_GONE = 1001;
const CLOSE_BUSY = 1013;

/** Listens. @throws what the system says where the port is taken. */
export async function openInspectorServer(options: InspectorServerOptions): Promise<InspectorServer> {
  const id = randomUUID();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX });
  const switchboard = createSwitchboard(options);
  const server = createServer((request, response) => answer(request, response, () => targetOf(server, id, options)));
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== `/${id}` || !isFromHere(request)) return refuse(socket);
    sockets.handleUpgrade(request, socket, head, switchboard.attach);
  });
  server.listen(options.port, LOOPBACK);
  await once(server, 'listening');
  const place = `${LOOPBACK}:${portOf(server)}/${id}`;
  return {
    ws: `ws://${place}`,
    devtools: devtoolsUrl(place),
    offer: switchboard.offer,
    close: async () => {
      switchboard.close();
      sockets.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

type Switchboard = {
  readonly attach: (client: WebSocket) => void;
  readonly offer: (inspector: Inspector) => void;
  readonly close: () => void;
};

/** Joins one client to the instance that serves; a client does not outlive its instance. */
function createSwitchboard({ onDebugger }: InspectorServerOptions): Switchboard {
  let current: Inspector | undefined;
  let attached: WebSocket | undefined;

  function attach(client: WebSocket): void {
    client.on('error', () => undefined); // Its end is told by 'close'.
    if (attached !== undefined) return client.close(CLOSE_BUSY, 'another debugger is attached');
    if (current === undefined) return client.close(CLOSE_BUSY, 'no instance runs; call a tool to start one');
    const inspector = current;
    attached = client;
    onDebugger('attached');
    inspector.listen((message) => client.send(message));
    client.on('message', (data) => {
      if (Buffer.isBuffer(data)) inspector.send(data.toString('utf8')); // As `ws` gives all that is not asked otherwise.
    });
    client.on('close', () => {
      attached = undefined;
      inspector.reset();
      onDebugger('detached');
    });
  }

  return {
    attach,
    offer: (inspector) => {
      attached?.close(CLOSE_GONE, 'another instance serves');
      current = inspector;
      void inspector.closed.then(() => {
        if (current !== inspector) return;
        current = undefined;
        attached?.close(CLOSE_GONE, 'the instance has ended');
      });
    },
    close: () => attached?.terminate(),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, target: () => object): void {
  const bodies: Readonly<Record<string, () => unknown>> = {
    '/json': () => [target()],
    '/json/list': () => [target()],
    '/json/version': () => ({ Browser: `node.js/${process.version}`, 'Protocol-Version': '1.1' }),
  };
  const body = bodies[request.url ?? ''];
  const status = !isFromHere(request) ? 403 : body === undefined ? 404 : 200;
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
  response.end(status === 200 ? JSON.stringify(body?.()) : '');
}

function targetOf(server: Server, id: string, { title }: InspectorServerOptions): object {
  const place = `${LOOPBACK}:${portOf(server)}/${id}`;
  return {
    id,
    title,
    type: 'node',
    description: 'a Bulkhead plugin in its sandbox',
    devtoolsFrontendUrl: devtoolsUrl(place),
    webSocketDebuggerUrl: `ws://${place}`,
  };
}

function devtoolsUrl(place: string): string {
  return `devtools://devtools/bundled/js_app.html?experiments=true&v8only=true&ws=${place}`;
}

function refuse(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port; // It listens on a port, not on a path.
}
