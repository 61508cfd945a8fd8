/**
 * The last events of a session's streams, for a client that lost its connection and asks for what came since. What is older, or longer
 * than is kept, is gone: its client sends the request again.
 */
import { LIMITS } from '@bulkhead/protocol';
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

type Kept = {
  readonly id: string;
  readonly stream: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
};

/** Makes the store of one session. */
export function createKeptEvents(): EventStore {
  const kept: Kept[] = [];
  let bytes = 0;
  let lastId = 0;

  return {
    storeEvent: async (stream, message) => {
      lastId += 1;
      const id = `${stream}_${lastId}`;
      const event = { id, stream, message, bytes: Buffer.byteLength(JSON.stringify(message)) };
      kept.push(event);
      bytes += event.bytes;
      while (bytes > LIMITS.mcp_kept_bytes.value) bytes -= kept.shift()?.bytes ?? 0;
      return id;
    },
    getStreamIdForEventId: async (id) => streamOf(id),
    replayEventsAfter: async (lastEventId, { send }) => {
      const stream = streamOf(lastEventId);
      const after = numberOf(lastEventId);
      for (const event of kept) {
        if (event.stream === stream && numberOf(event.id) > after && isMessage(event.message))
          await send(event.id, event.message);
      }
      return stream;
    },
  };
}

/** An event without a message only says where a stream begins. */
function isMessage(message: JSONRPCMessage): boolean {
  return Object.keys(message).length > 0;
}

function streamOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('_')));
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('_') + 1));
}
