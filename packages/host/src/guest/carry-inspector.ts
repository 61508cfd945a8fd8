/**
 * The thread beside a guest that is debugged: messages of the Chrome DevTools Protocol, one a line, between the host's socket
 * and the inspector of the guest's main thread. The host's end is trusted; it says `Bulkhead.reset` when a client has gone.
 */
import type { Session } from 'node:inspector';
import { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';

type Request = { readonly id: number; readonly method: string; readonly params?: object };

/** Carries messages until the host closes the socket; `fd` is the guest's end of it. */
export async function carryInspector(fd: number): Promise<void> {
  const inspector = await import('node:inspector');
  const socket = new Socket({ fd, readable: true, writable: true });
  const send = (message: object): void => void socket.write(`${JSON.stringify(message)}\n`);
  const connect = (): Session => {
    const session = new inspector.Session();
    session.connectToMainThread();
    session.on('inspectorNotification', (notification) => send(notification));
    return session;
  };
  // Made by a client's first message: a process with a session waits for its end before it ends itself.
  let session: Session | undefined;
  const disconnect = (): void => {
    session?.disconnect(); // What is paused goes on, and breakpoints are gone, as when a debugger is closed.
    session = undefined;
  };
  const obey = (request: Request): void => {
    if (request.method === RESET) return disconnect();
    session ??= connect();
    post(session, request, send);
  };
  eachLine(socket, (line) => obey(JSON.parse(line) as Request)); // The host is trusted.
  socket.on('error', () => undefined); // Its end is told by 'close'.
  socket.on('close', disconnect);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
  parentPort?.postMessage('open');
}

const RESET = 'Bulkhead.reset';

function post(session: Session, { id, method, params }: Request, send: (message: object) => void): void {
  session.post(method, params, (error: (Error & { code?: number }) | null, result?: object) => {
    if (error === null) send({ id, result: result ?? {} });
    else send({ id, error: { code: error.code ?? INTERNAL_ERROR, message: error.message } });
  });
}

/** Of JSON-RPC, which the protocol follows. */
const INTERNAL_ERROR = -32_603;

function eachLine(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
