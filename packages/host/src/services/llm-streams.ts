/**
 * `context.llm.stream` (DESIGN 8): a plugin asks for an answer's next piece when it wants one, as it does with a download, so that
 * a model writes no further ahead of its reader than the window of a result in pieces (ADR 18). A reader that leaves, or whose
 * instance is gone, ends the request; what came until then is charged.
 */
import { LIMITS, callError, type CallError, type JsonObject } from '@bulkhead/protocol';
import { openPieces, type Pieces } from '../base/pieces.ts';
import type { LlmPiece } from '../llm/generated.ts';
import type { LlmOutcome, LlmRequest } from '../llm/llm.ts';
import {
  given,
  invalid,
  numberOf,
  refused,
  type ServiceMethod,
  type ServiceRequest,
  type ServiceResult,
  type Speaker,
} from './desk.ts';

/** What streams are made of. */
export type LlmStreamsOptions = {
  /** JSON Schema of what a model is asked, by field. */
  readonly takes: JsonObject;
  /** Asks for a plugin; `own` is the reader's side of it. */
  readonly ask: (request: ServiceRequest, own: Reader) => Promise<LlmOutcome>;
};

/** Who hears the pieces, and until when. */
export type Reader = Required<Pick<LlmRequest, 'onPiece'>> & { readonly signal: AbortSignal };

/** The methods, and what ends the streams of an instance that is gone. */
export type LlmStreams = {
  readonly methods: Readonly<Record<'stream' | 'next' | 'leave', ServiceMethod>>;
  readonly didLeave: (speaker: Speaker) => void;
};

/** One answer that is read, by whose tenant's plugin. */
type Stream = {
  readonly tenant: string;
  readonly pieces: Pieces<LlmPiece, LlmOutcome>;
  readonly leaving: AbortController;
};

const STREAMS_MAX = LIMITS.llm_streams.value;

/** Makes the methods that a stream in a guest asks. */
export function createLlmStreams({ takes, ask }: LlmStreamsOptions): LlmStreams {
  const bySpeaker = new WeakMap<Speaker, Map<number, Stream>>();

  function streamsOf(speaker: Speaker): Map<number, Stream> {
    const streams = bySpeaker.get(speaker) ?? new Map<number, Stream>();
    bySpeaker.set(speaker, streams);
    return streams;
  }

  /** In an instance of all tenants a stream is read for the tenant that it was begun for. */
  function find({ speaker, tenant, args }: ServiceRequest): Stream | undefined {
    const stream = streamsOf(speaker).get(streamOf(args));
    return stream?.tenant === tenant ? stream : undefined;
  }

  async function begin(request: ServiceRequest): Promise<ServiceResult> {
    const { speaker, tenant, args } = request;
    const streams = streamsOf(speaker);
    if (streams.has(streamOf(args))) return invalid('llm.stream: there is a stream of this number; take another');
    if (streams.size >= STREAMS_MAX) return refused(tooMany());
    const leaving = new AbortController();
    const pieces = openPieces<LlmPiece, LlmOutcome>(
      (give, signal) => ask(request, { signal, onPiece: (piece) => new Promise((taken) => give(piece, taken)) }),
      leaving.signal,
    );
    streams.set(streamOf(args), { tenant, pieces, leaving });
    return given({});
  }

  async function next(request: ServiceRequest): Promise<ServiceResult> {
    const stream = find(request);
    if (stream === undefined) return invalid('llm.next: there is no stream of this number');
    const read = await stream.pieces[Symbol.asyncIterator]().next();
    if (read.done !== true) return given({ piece: { ...read.value } as JsonObject }); // It was read from JSON.
    streamsOf(request.speaker).delete(streamOf(request.args));
    const outcome = await stream.pieces.outcome;
    return outcome.ok ? given({ done: true, usage: outcome.llm.usage }) : refused(outcome.error);
  }

  async function leave(request: ServiceRequest): Promise<ServiceResult> {
    find(request)?.leaving.abort();
    if (find(request) !== undefined) streamsOf(request.speaker).delete(streamOf(request.args));
    return given({});
  }

  const needs = (): string => 'llm';
  return {
    methods: {
      stream: { takes: numbered(takes), needs, run: begin },
      // Each waits for the one before it, and for the model.
      next: { takes: numbered({}), needs, run: next, isPaced: () => true },
      leave: { takes: numbered({}), run: leave },
    },
    didLeave: (speaker) => {
      for (const { leaving } of streamsOf(speaker).values()) leaving.abort();
      bySpeaker.delete(speaker);
    },
  };
}

const number = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };

function numbered(properties: JsonObject): JsonObject {
  return {
    type: 'object',
    properties: { stream: number, ...properties },
    required: ['stream'],
    additionalProperties: false,
  };
}

/** The schema has judged it. */
function streamOf(args: JsonObject): number {
  return numberOf(args, 'stream') ?? 0;
}

function tooMany(): CallError {
  const limit = { name: 'llm_streams', allowed: STREAMS_MAX, observed: STREAMS_MAX + 1, unit: 'streams' };
  const message = `an instance reads ${STREAMS_MAX} answers of language models at a time at most; read or leave others first`;
  return callError('SERVICE_QUOTA_EXCEEDED', { message, limit });
}
