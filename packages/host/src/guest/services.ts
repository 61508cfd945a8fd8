/**
 * What a plugin asks of the host while it runs: each ask is a message with an id of its own, and its answer settles a promise.
 * Nothing is decided here; the host judges who asks, for whom and what.
 */
import {
  createIdTable,
  type HostMessage,
  type JsonObject,
  type JsonValue,
  type ServiceError,
} from '@bulkhead/protocol';
import { stringifyAnswer } from './binary.ts';

/** Asks one method of a service; rejects with what the host refused, as an Error with `kind` and `code`. */
export type Ask = (service: string, method: string, args: JsonObject) => Promise<JsonValue>;

/** The asks of one guest, and where the host's answers go. */
export type GuestAsks = {
  readonly ask: Ask;
  readonly settle: (answer: Extract<HostMessage, { t: 'answer' }>) => void;
};

type Waiting = { readonly resolve: (value: JsonValue) => void; readonly reject: (error: Error) => void };

// Taken before any plugin code can replace them.
const assign = Object.assign;

/** How asks leave, and who is told that some wait for an answer, or none does any more. */
export type GuestAskOptions = {
  readonly send: (json: string) => void;
  /** Id of the call whose code asks. */
  readonly currentId: () => number | undefined;
  /** Id of the event whose handler asks. */
  readonly currentEvent: () => number | undefined;
  readonly didWait: (isWaiting: boolean) => void;
};

/** Makes the table of asks. */
export function createGuestAsks({ send, currentId, currentEvent, didWait }: GuestAskOptions): GuestAsks {
  const waiting = createIdTable<Waiting>();
  let lastId = 0;

  function ask(service: string, method: string, args: JsonObject): Promise<JsonValue> {
    return new Promise((resolve, reject) => {
      const by = { call: currentId(), event: currentEvent() };
      const json = stringifyAnswer({ t: 'ask', id: lastId + 1, ...by, service, method, args }) ?? '';
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      if (waiting.size() === 1) didWait(true);
      send(json);
    });
  }

  return {
    ask,
    settle: (answer) => {
      const asked = waiting.take(answer.id);
      if (waiting.size() === 0) didWait(false);
      if (answer.ok) asked?.resolve(answer.value);
      else asked?.reject(toError(answer.error));
    },
  };
}

function toError({ message, retry_after_ms: retryAfterMs, ...error }: ServiceError): Error {
  const waiting = retryAfterMs === undefined ? {} : { retryAfterMs };
  return assign(new Error(message), { name: 'ServiceError', ...error, ...waiting });
}
