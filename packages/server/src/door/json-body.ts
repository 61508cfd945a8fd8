/**
 * Reads request bodies: JSON, within the bounds of the limits table, with no key that could reach a prototype. Nothing but
 * JSON is taken: a form or a text/plain body is what a browser may send across sites without asking (FAULTS 107).
 */
import type { FastifyInstance } from 'fastify';
import { HostError } from '@bulkhead/host';
import { LIMITS, inspectJson } from '@bulkhead/protocol';

/** Replaces Fastify's body parsers by one for `application/json`. An empty body is no body. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseBody(text.toString()));
    } catch (error) {
      done(error as Error); // parseBody throws HostErrors only.
    }
  });
}

/** @throws {HostError} `REQUEST_INVALID` for what is no JSON, or JSON beyond the bounds of depth and keys. */
function parseBody(text: string): unknown {
  if (text === '') return undefined;
  const value = parseJson(text);
  const fault = inspectJson(value, { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.json_keys.value });
  if (fault === undefined) return value;
  const what = fault.kind === 'too_deep' ? 'levels deep' : 'keys and items';
  throw new HostError('REQUEST_INVALID', {
    message: `the body has at least ${fault.observed} ${what}; expected at most ${fault.allowed}`,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HostError('REQUEST_INVALID', { message: 'the body is not JSON', cause });
  }
}
