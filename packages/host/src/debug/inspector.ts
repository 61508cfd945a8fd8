/**
 * The host's end of a guest's inspector: messages of the Chrome DevTools Protocol, in which the author's files and lines stand for
 * the bundle that runs. The guest is as hostile here as anywhere: what it sends is bounded, and goes to a debugger and nowhere else.
 *
 *   client ── setBreakpointByUrl of main.ts ──▶ of the artifact ──▶ guest
 *   client ◀── scriptParsed with a source map ◀── of the artifact ── guest
 */
import type { Duplex } from 'node:stream';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { openSourceView, type SourceView } from './source-view.ts';

/**
 * The inspector of one instance. One client at a time.
 *
 * @experimental
 */
export type Inspector = {
  readonly instanceId: string;
  /** Sends a client's message; what is no message is dropped. */
  readonly send: (message: string) => void;
  /** Says who gets what the guest sends from now on. */
  readonly listen: (onMessage: (message: string) => void) => void;
  /** The client has gone: breakpoints are removed, and what is paused goes on. */
  readonly reset: () => void;
  /** Resolves when the instance is gone. */
  readonly closed: Promise<void>;
};

/** Which instance, and what of its plugin a debugger is shown. */
export type InspectorOptions = {
  readonly instanceId: string;
  readonly sourceMap: Uint8Array | undefined;
  readonly dir: string;
};

/** The whole source of a bundle travels in one message; twice its largest is more than any. */
const LINE_CHARACTERS_MAX = 64 * 1024 * 1024;
const ARTIFACT_URL = 'bulkhead:artifact';

/** Opens it on the socket that the guest was born with. */
export function openInspector(socket: Duplex, { instanceId, sourceMap, dir }: InspectorOptions): Inspector {
  const view = openSourceView(sourceMap, dir);
  const { promise: closed, resolve: didClose } = Promise.withResolvers<void>();
  let onMessage: (message: string) => void = () => undefined;
  socket.on('close', () => didClose());
  eachLine(socket, (line) => onMessage(toClient(line, view)));
  return {
    instanceId,
    closed,
    send: (message) => {
      const request = parse(message);
      if (request !== undefined) socket.write(`${JSON.stringify(toGuest(request, view))}\n`);
    },
    listen: (listener) => (onMessage = listener),
    reset: () => {
      onMessage = () => undefined;
      if (!socket.destroyed) socket.write(`${JSON.stringify({ method: 'Bulkhead.reset' })}\n`);
    },
  };
}

/** A line without end is a guest that misbehaves: its inspector is closed, and it goes on without. */
function eachLine(socket: Duplex, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARACTERS_MAX) socket.destroy();
    for (const line of lines) onLine(line);
  });
}

function toClient(line: string, view: SourceView): string {
  // Most messages are of no script; parsing each would cost as much as all else.
  if (!line.includes(ARTIFACT_URL) || !line.includes('Debugger.scriptParsed')) return line;
  const message = parse(line);
  const params = message?.['params'];
  if (message === undefined || !isJsonObject(params) || params['url'] !== ARTIFACT_URL) return line;
  const sourceMapURL = view.mapUrl();
  return sourceMapURL === undefined ? line : JSON.stringify({ ...message, params: { ...params, sourceMapURL } });
}

/** A breakpoint of an author's file is one of the artifact; a debugger that reads source maps asks for that itself. */
function toGuest(request: JsonObject, view: SourceView): JsonObject {
  const { method, params } = request;
  if (method !== 'Debugger.setBreakpointByUrl' || !isJsonObject(params) || typeof params['url'] !== 'string')
    return request;
  const { lineNumber, columnNumber } = params;
  const place = view.generatedOf(params['url'], Number(lineNumber ?? 0), Number(columnNumber ?? 0));
  return place === undefined ? request : { ...request, params: { ...params, url: ARTIFACT_URL, ...place } };
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
