/**
 * Prints what a call gives while it runs: text and bytes as they come, other JSON a line each, how far it is as talk. With `--json`
 * each is one line `{"event", "data"}`, in the words of the server's events.
 */
import type { Progress } from '@bulkhead/protocol';
import type { Chunk } from '@bulkhead/host';
import type { Terminal } from './terminal.ts';

/** What a call gives before it ends. */
export type CallPrinter = {
  /** Resolves once there is room for the next. */
  readonly chunk: (chunk: Chunk) => Promise<void>;
  readonly progress: (progress: Progress) => void;
  /** Begins a new line where text stands in the last one. */
  readonly end: () => Promise<void>;
};

/** Makes a printer. */
export function createCallPrinter(terminal: Terminal, isJson: boolean): CallPrinter {
  return isJson ? jsonPrinter(terminal) : plainPrinter(terminal);
}

function jsonPrinter({ write }: Terminal): CallPrinter {
  const event = (name: string, data: unknown): Promise<void> => write(`${JSON.stringify({ event: name, data })}\n`);
  return {
    chunk: (chunk) =>
      chunk instanceof Uint8Array ? event('bytes', Buffer.from(chunk).toString('base64')) : event('chunk', chunk),
    progress: (progress) => void event('progress', progress),
    end: async () => undefined,
  };
}

function plainPrinter({ write, say, talkColors }: Terminal): CallPrinter {
  let isLineOpen = false;
  return {
    chunk: (chunk) => {
      const isText = typeof chunk === 'string';
      isLineOpen = isText && !chunk.endsWith('\n');
      return write(isText || chunk instanceof Uint8Array ? chunk : `${JSON.stringify(chunk)}\n`);
    },
    progress: (progress) => say(talkColors.dim(textOf(progress))),
    end: async () => {
      if (isLineOpen) await write('\n');
    },
  };
}

function textOf({ progress, total, message }: Progress): string {
  const far = total === undefined ? `${progress}` : `${progress} of ${total}`;
  return message === undefined ? far : `${far}: ${message}`;
}
