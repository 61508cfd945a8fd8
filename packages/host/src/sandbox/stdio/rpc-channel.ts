/**
 * The host's end of an MCP server's standard input and output: JSON-RPC 2.0, one message a line. Every byte that comes is hostile:
 * lengths are judged before they are held, messages before use, and the first fault ends the channel for ever.
 */
import { LIMITS, callError, type CallError, type JsonObject } from '@bulkhead/protocol';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { createLineDecoder } from './line-decoder.ts';
import { readRpcLine, type RpcMessage, type ServerRequestId } from './rpc-message.ts';

/** The pipes, their bound, and who takes what comes. */
export type RpcChannelOptions = {
  readonly input: Writable;
  readonly output: Readable;
  readonly clock: Clock;
  readonly lineBytesMax: number;
  readonly onMessage: (message: RpcMessage) => void;
  /** Called at most once; nothing is delivered afterwards. */
  readonly onFault: (error: CallError) => void;
  /** The server ended its side, in good order or not. */
  readonly onEnd: () => void;
};

/** One server's channel. */
export type RpcChannel = {
  readonly request: (id: number, method: string, params: JsonObject) => void;
  readonly notify: (method: string, params: JsonObject) => void;
  /** Writes a message that is JSON already, without its line end. */
  readonly send: (json: string) => void;
  readonly answer: (id: ServerRequestId, result: JsonObject) => void;
  readonly refuse: (id: ServerRequestId, code: number, message: string) => void;
  /** Tells whether the server has left more unread than it may; then nothing more should be sent. */
  readonly isFull: () => boolean;
  readonly setLineBytesMax: (bytes: number) => void;
  /** Closes the server's standard input, by which it is asked to end. */
  readonly end: () => void;
  readonly close: () => void;
};

const WINDOW_MS = 1_000;

/** Opens it; the channel owns both pipes from here on. */
export function openRpcChannel(options: RpcChannelOptions): RpcChannel {
  const { input, output, clock } = options;
  let isClosed = false;
  let left = LIMITS.messages_per_second.value;
  let windowStart = clock.now();

  function fault(error: CallError): void {
    if (isClosed) return;
    isClosed = true;
    output.pause();
    options.onFault(error);
  }

  function isSpent(): boolean {
    const now = clock.now();
    if (now - windowStart >= WINDOW_MS) {
      windowStart = now;
      left = LIMITS.messages_per_second.value;
    }
    left -= 1;
    return left < 0;
  }

  const decoder = createLineDecoder({
    lineBytesMax: options.lineBytesMax,
    onLine: (line) => {
      if (isClosed || line.length === 0) return;
      const read = readRpcLine(line);
      if (!read.ok) return fault(read.error);
      if (isSpent()) return fault(callError('FRAME_FLOOD'));
      options.onMessage(read.message);
    },
  });

  output.on('data', (bytes: Buffer) => {
    if (isClosed) return;
    const tooLong = decoder.push(bytes);
    if (tooLong !== undefined) fault(lineTooLong(tooLong.allowed));
  });
  // A server that dies leaves broken pipes; its exit is what counts (FAULTS 55).
  output.on('error', () => undefined);
  input.on('error', () => undefined);
  output.once('end', () => !isClosed && options.onEnd());

  const send = (json: string): void => {
    if (!isClosed && input.writable) input.write(`${json}\n`);
  };
  return {
    send,
    request: (id, method, params) => send(JSON.stringify({ jsonrpc: '2.0', id, method, params })),
    notify: (method, params) => send(JSON.stringify({ jsonrpc: '2.0', method, params })),
    answer: (id, result) => send(JSON.stringify({ jsonrpc: '2.0', id, result })),
    refuse: (id, code, message) => send(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })),
    isFull: () => input.writableLength > LIMITS.channel_backlog_bytes.value,
    setLineBytesMax: decoder.setLineBytesMax,
    end: () => void input.end(),
    close: () => {
      isClosed = true;
      input.destroy();
      output.destroy();
    },
  };
}

function lineTooLong(allowed: number): CallError {
  const limit = { name: 'line_bytes', allowed, observed: allowed + 1, unit: 'bytes' };
  return callError('FRAME_TOO_LARGE', {
    message: `a line of the MCP server is longer than ${allowed} bytes (limits.output_bytes and its envelope)`,
    limit,
  });
}
