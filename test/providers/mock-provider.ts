/**
 * A provider of language models for tests, on this machine: speaks the chat completions of OpenAI and the messages of Anthropic, streamed
 * and whole, and fails in the ways that providers do. It takes what a test says next, and answers the same to the same.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicWire } from './anthropic-wire.ts';
import { openAiWire } from './open-ai-wire.ts';
import type { Asked, ProviderAnswer, Wire } from './wire.ts';

/** A request as a server of tests has read it. */
export type ProviderRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** The provider; `serve` answers one request and fits any HTTP server. */
export type MockProvider = {
  /** Says what the next requests are answered, in turn; what is asked beyond is answered `ok`. */
  readonly answer: (...answers: readonly ProviderAnswer[]) => void;
  readonly serve: (request: ProviderRequest, response: ServerResponse) => void;
  /** What was asked and understood. */
  readonly asked: readonly Asked[];
};

/** Makes one. @param key - The only key that it takes; any where it is left out, none included. */
export function createMockProvider(key?: string): MockProvider {
  const answers: ProviderAnswer[] = [];
  const asked: Asked[] = [];
  const answerOne = async (request: ProviderRequest, response: ServerResponse): Promise<void> => {
    const wire = wireOf(request.url);
    if (wire === undefined) return void response.writeHead(404).end('there is no such path');
    if (key !== undefined && wire.keyIn(request.headers) !== key) return refuse(wire, response, WRONG_KEY);
    const read = wire.read(request.body);
    if (typeof read === 'string') return refuse(wire, response, { status: 400, message: read });
    asked.push(read);
    const answer = answers.shift() ?? { text: 'ok' };
    if (answer.refusal !== undefined) return refuse(wire, response, answer.refusal);
    await (read.isStreamed ? stream : whole)(wire, { asked: read, answer, number: asked.length }, response);
  };
  return {
    answer: (...next) => void answers.push(...next),
    serve: (request, response) =>
      void answerOne(request, response).catch((error: unknown) => response.destroy(error as Error)),
    asked,
  };
}

const WRONG_KEY = { status: 401, message: 'the key is wrong' };

function wireOf(url: string): Wire | undefined {
  return [openAiWire, anthropicWire].find(({ path }) => new URL(url, 'http://localhost').pathname.endsWith(path));
}

function refuse(
  wire: Wire,
  response: ServerResponse,
  { status, message, retryAfter }: NonNullable<ProviderAnswer['refusal']>,
): void {
  const wait = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  response.writeHead(status, { 'content-type': 'application/json', ...wait });
  response.end(JSON.stringify(wire.refusal(status, message)));
}

type Answering = Parameters<Wire['whole']>[0];

async function whole(wire: Wire, answering: Answering, response: ServerResponse): Promise<void> {
  const { fault } = answering.answer;
  response.writeHead(200, { 'content-type': 'application/json' });
  const text = JSON.stringify(wire.whole(answering));
  if (fault?.kind === 'huge') return flood(response);
  if (fault?.kind === 'malformed') return void response.end(text.slice(1));
  if (fault?.kind === 'cut') return void response.write(text.slice(0, 8), () => response.destroy());
  response.end(text);
}

async function stream(wire: Wire, answering: Answering, response: ServerResponse): Promise<void> {
  const { fault, between } = answering.answer;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (fault?.kind === 'huge') return flood(response);
  for (const [index, event] of wire.events(answering).entries()) {
    if (fault !== undefined && fault.afterEvents === index) return breakOff(fault.kind, response);
    await between?.(index);
    response.write(event);
  }
  response.end();
}

function breakOff(kind: 'cut' | 'end' | 'malformed', response: ServerResponse): void {
  if (kind === 'end') return void response.end();
  if (kind === 'malformed') return void response.end('data: {"choices": [\n\n');
  // What was written shall arrive before the connection is cut.
  response.write(': about to cut\n\n', () => setImmediate(() => response.destroy()));
}

const FLOOD = Buffer.alloc(1024 * 1024, ' ');

/** Without end, until the other side leaves. */
function flood(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed) if (!response.write(FLOOD)) return void response.once('drain', more);
  };
  more();
}

/** A provider on a port of its own. */
export type OpenProvider = MockProvider & AsyncDisposable & { readonly origin: string };

/** Serves one over plain HTTP on loopback. */
export async function openMockProvider(key?: string): Promise<OpenProvider> {
  const provider = createMockProvider(key);
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      provider.serve({ method, url, headers, body: Buffer.concat(pieces).toString('utf8') }, response);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo; // A TCP server has one.
  return {
    ...provider,
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
