/**
 * Stands between the judging of a request and its sending, for tests: keeps what goes and comes, without keys, or answers from what was
 * kept (ADR 29).
 *
 *   plugin → judged, secrets filled in ──┬─ off ─────▶ dialer
 *                                        ├─ record ──▶ dialer, and the answer is kept as it is read
 *                                        └─ replay ──▶ the file; nothing is dialled
 *
 * EC1: In replay no request goes out, whatever it is.
 * EC2: What is kept is told of the request as the plugin wrote it, and of an answer that was scrubbed; a secret's value is in neither.
 */
import { LIMITS } from '@bulkhead/protocol';
import { writeCassette, readCassette, type Exchanged } from './cassette-file.ts';
import {
  cassetteScrubber,
  toldAnswerBody,
  toldAnswerHeaders,
  toldRequest,
  type WrittenRequest,
} from './cassette-scrub.ts';
import type { WireResponse } from './dialer.ts';
import { pastLimit } from './egress-errors.ts';
import { headerOf } from './headers.ts';
import { createReplay } from './replay.ts';
import type { Scrubber } from './scrub.ts';
import type { GrantedSecret } from './secrets.ts';
import type { Target } from './target.ts';
import { unpack } from './unpack.ts';

/**
 * Which file, and what is done with it: `record` replaces it when the host closes, `replay` answers from it, `off` leaves it alone.
 *
 * @experimental
 */
export type CassetteOptions = { readonly file: string; readonly mode: 'record' | 'replay' | 'off' };

/** A request that may go out. */
export type CarriedRequest = {
  readonly written: WrittenRequest;
  readonly target: Target;
  readonly secrets: readonly GrantedSecret[];
  readonly signal: AbortSignal;
  /** Sends it as it is to be sent, with its secrets. */
  readonly send: () => Promise<WireResponse>;
};

/** Carries requests. */
export type Cassette = {
  /** @throws {HostError} `EGRESS_UNMATCHED` in replay; whatever `send` throws. */
  readonly carry: (request: CarriedRequest) => Promise<WireResponse>;
  /** Writes what was recorded. @throws {HostError} `CASSETTE_INVALID`. */
  readonly close: () => Promise<void>;
};

/** Opens a cassette; undefined where it is off. @throws {HostError} `CASSETTE_INVALID` where there is none to replay. */
export async function openCassette(options: CassetteOptions | undefined): Promise<Cassette | undefined> {
  if (options === undefined || options.mode === 'off') return undefined;
  return options.mode === 'record' ? createRecorder(options.file) : createPlayer(await readCassette(options.file));
}

function createPlayer(exchanges: readonly Exchanged[]): Cassette {
  const replay = createReplay(exchanges);
  return {
    carry: async ({ written, target, secrets, signal }) =>
      replay.answer(toldRequest(written, await cassetteScrubber(secrets)), target, signal),
    close: replay.close,
  };
}

function createRecorder(file: string): Cassette {
  const exchanges: Exchanged[] = [];
  let bytesLeft: number = LIMITS.egress_cassette_bytes.value;
  return {
    carry: async ({ written, secrets, send }) => {
      const scrubber = await cassetteScrubber(secrets);
      const response = await send();
      const about = { status: response.status, headers: toldAnswerHeaders(response.headers, scrubber) };
      const didEnd = (body: Uint8Array): void => {
        exchanges.push({ request: toldRequest(written, scrubber), response: { ...about, body: toldAnswerBody(body) } });
      };
      if (isUnread(written.method, response.status)) {
        didEnd(new Uint8Array());
        return response;
      }
      const pieces = unpackOrLeave(response);
      const didPass = (bytes: number): void => {
        bytesLeft -= bytes;
        if (bytesLeft < 0) throw pastLimit('egress_cassette_bytes');
      };
      const headers = response.headers.filter(([name]) => name !== 'content-encoding' && name !== 'content-length');
      return { ...response, headers, body: kept(pieces, { scrubber, didPass, didEnd }) };
    },
    close: () => writeCassette(file, exchanges),
  };
}

/** Of what nobody reads the body: there is none, or it is followed elsewhere. */
function isUnread(method: string, status: number): boolean {
  return method === 'HEAD' || [204, 205].includes(status) || (status >= 300 && status < 400);
}

function unpackOrLeave(response: WireResponse): AsyncIterable<Uint8Array> {
  try {
    return unpack(response.body, headerOf(response.headers, 'content-encoding'));
  } catch (error) {
    response.leave();
    throw error;
  }
}

type Keeping = {
  readonly scrubber: Scrubber;
  readonly didPass: (bytes: number) => void;
  readonly didEnd: (body: Uint8Array) => void;
};

/** What is cut, or left before its end, is not kept: played back, it would be another answer. */
async function* kept(
  pieces: AsyncIterable<Uint8Array>,
  { scrubber, didPass, didEnd }: Keeping,
): AsyncGenerator<Uint8Array> {
  const scrubbed = scrubber.stream();
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) {
    didPass(piece.length);
    parts.push(Buffer.from(scrubbed.push(piece)));
    yield piece;
  }
  didEnd(Buffer.concat([...parts, scrubbed.end()]));
}
