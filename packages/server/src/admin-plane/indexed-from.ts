/**
 * Which index an archive was fetched from, as whoever sent it says in a header. It is the platform that says so; what it says
 * is kept with the release, and compared with what the archive holds.
 */
import { HostError, type IndexedFrom, type Upload } from '@bulkhead/host';
import { Compile } from 'typebox/compile';
import { IndexedFromSchema } from './install-schemas.ts';

const schema = Compile(IndexedFromSchema);

/** Reads the header; nothing where there is none. @throws {HostError} `VALIDATION_FAILED`. */
export function indexIn(header: unknown): Pick<Upload, 'index'> {
  if (header === undefined) return {};
  const value = parseJson(typeof header === 'string' ? Buffer.from(header, 'base64').toString('utf8') : '');
  if (!schema.Check(value))
    throw new HostError('VALIDATION_FAILED', { message: 'the header x-bulkhead-index says of no index what it must' });
  const { origin, plugin, version } = value;
  const { name, place, key, serial } = origin; // Nothing else of it is kept.
  const index: IndexedFrom = { origin: { name, place, key, serial }, plugin, version };
  return { index };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Told by the caller.
  }
}
