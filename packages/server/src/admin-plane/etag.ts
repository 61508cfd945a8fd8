/**
 * The revision of a registration as an ETag (RFC 9110 §8.8.3), so that a writer may insist on what it has read.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StoredRegistration } from '@bulkhead/host';

/** Reads If-Match: the revision of a strong ETag; one of another form, or a list, fits nothing that there is. */
export function expectedRevision({ headers }: FastifyRequest): { readonly expected?: number } {
  const given = headers['if-match'];
  if (given === undefined || given === '*') return {};
  return { expected: Number(/^"(\d{1,15})"$/.exec(given)?.[1] ?? -1) };
}

/** Sets the ETag of an answer. */
export function withEtag(reply: FastifyReply, { revision }: StoredRegistration): FastifyReply {
  return reply.header('etag', `"${revision}"`);
}
