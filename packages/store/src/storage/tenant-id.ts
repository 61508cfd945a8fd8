/**
 * The UUID by which the database knows a tenant. Calls name most tenants by that UUID itself; other words, such as `default`,
 * stand for the name-based UUID of the word, so that every node makes the same of it without asking.
 */
import { hash } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Our own namespace for name-based UUIDs. */
const NAMESPACE = Buffer.from('6f1d5c0e7a4b5b0e9d0c2f4a8b6e1d3f', 'hex');

/** Returns the UUID of a tenant's word: version 5 of RFC 9562, unless the word is a UUID. */
export function tenantUuid(word: string): string {
  if (UUID.test(word)) return word;
  const bytes = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(word)]), 'buffer');
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const digits = bytes.toString('hex', 0, 16);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** What is kept of a word beside its UUID. */
export function storedWord(word: string): string | null {
  return UUID.test(word) ? null : word;
}
