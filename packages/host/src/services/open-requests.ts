/**
 * Requests to the network that instances have under way, by the number that each gave its own: written, sent, or read.
 */
import type { EgressAnswer } from '../egress/broker.ts';
import type { Speaker } from './desk.ts';

/** A request under way: being written, sent, or read. */
export class OpenRequest {
  readonly #controller = new AbortController();
  readonly #written: Buffer[] = [];
  #bytes = 0;
  #isSent = false;
  #answer: EgressAnswer | undefined;
  #pieces: AsyncIterator<Uint8Array> | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isSent(): boolean {
    return this.#isSent;
  }

  write(piece: Buffer): void {
    this.#written.push(piece);
    this.#bytes += piece.length;
  }

  /** What was written, to be sent; once. */
  takeBody(): Uint8Array | undefined {
    this.#isSent = true;
    return this.#bytes === 0 ? undefined : Buffer.concat(this.#written.splice(0));
  }

  begin(answer: EgressAnswer): void {
    this.#answer = answer;
    this.#pieces = answer.body[Symbol.asyncIterator]();
  }

  /** Undefined where it was not sent. */
  next(): Promise<IteratorResult<Uint8Array>> | undefined {
    return this.#pieces?.next();
  }

  end(): void {
    this.#controller.abort();
    this.#answer?.leave();
  }
}

/** All of them; what an instance does not end goes with it. */
export type OpenRequests = {
  /** The one of that number, begun where there is none; undefined where the instance has too many. */
  readonly take: (speaker: Speaker, number: number) => OpenRequest | undefined;
  readonly get: (speaker: Speaker, number: number) => OpenRequest | undefined;
  /** Bytes of all bodies that an instance has written for requests that have not ended. */
  readonly bytesOf: (speaker: Speaker) => number;
  /** Silent where there is none. */
  readonly end: (speaker: Speaker, number: number) => void;
  readonly endAll: (speaker: Speaker) => void;
};

/** Makes the table, for so many of one instance at a time. */
export function createOpenRequests(requestsMax: number): OpenRequests {
  const bySpeaker = new WeakMap<Speaker, Map<number, OpenRequest>>();

  function requestsOf(speaker: Speaker): Map<number, OpenRequest> {
    const requests = bySpeaker.get(speaker) ?? new Map<number, OpenRequest>();
    bySpeaker.set(speaker, requests);
    return requests;
  }

  function end(speaker: Speaker, number: number): void {
    const requests = requestsOf(speaker);
    requests.get(number)?.end();
    requests.delete(number);
  }

  return {
    take: (speaker, number) => {
      const requests = requestsOf(speaker);
      if (!requests.has(number) && requests.size >= requestsMax) return undefined;
      const request = requests.get(number) ?? new OpenRequest();
      requests.set(number, request);
      return request;
    },
    get: (speaker, number) => bySpeaker.get(speaker)?.get(number),
    bytesOf: (speaker) => [...requestsOf(speaker).values()].reduce((sum, { bytes }) => sum + bytes, 0),
    end,
    endAll: (speaker) => {
      for (const number of requestsOf(speaker).keys()) end(speaker, number);
    },
  };
}
