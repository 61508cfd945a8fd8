/**
 * The first words of a TLS connection, as far as to say for which host it is: what is carried beyond that nobody here can read. Pure.
 *
 *   record: type(1)=22 version(2) length(2) | handshake: type(1)=1 length(3) version(2) random(32) session suites compression extensions
 *
 * RFC 8446, 4.1.2 and 5.1; RFC 6066, 3. A greeting may stand in several records, and come in several pieces.
 */

/** `more`: the greeting has not come whole. `none`: it is no greeting, or names no host. */
export type Greeting =
  { readonly kind: 'host'; readonly host: string } | { readonly kind: 'more' } | { readonly kind: 'none' };

const [HANDSHAKE, CLIENT_HELLO, SERVER_NAME, HOST_NAME] = [22, 1, 0, 0];
const RECORD_HEADER_BYTES = 5;
const RECORD_BYTES_MAX = 16_384;
/** With keys for a later time, and padding, clients stay below 4 KiB. */
const GREETING_BYTES_MAX = 32 * 1024;
/** Version and random. */
const FIXED_BYTES = 34;

const NONE: Greeting = { kind: 'none' };
const MORE: Greeting = { kind: 'more' };

/** Reads what has come so far. */
export function readGreeting(bytes: Buffer): Greeting {
  const handshake = joinRecords(bytes);
  if (handshake === undefined) return NONE;
  if (handshake.length > 0 && handshake[0] !== CLIENT_HELLO) return NONE;
  if (handshake.length < 4) return MORE;
  const length = handshake.readUIntBE(1, 3);
  if (length > GREETING_BYTES_MAX) return NONE;
  if (handshake.length < 4 + length) return MORE;
  const host = hostIn(handshake.subarray(4, 4 + length));
  return host === undefined ? NONE : { kind: 'host', host };
}

/** The bytes of handshake records, also of one that has not come whole; undefined where one is of another kind. */
function joinRecords(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== HANDSHAKE) return undefined;
    if (bytes.length < at + RECORD_HEADER_BYTES) break;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > RECORD_BYTES_MAX) return undefined;
    const from = at + RECORD_HEADER_BYTES;
    parts.push(bytes.subarray(from, from + length));
    at = from + length;
  }
  return Buffer.concat(parts);
}

/** Takes fields with their length ahead, one after the other; undefined where one is longer than what is there. */
function fieldsOf(bytes: Buffer): (lengthBytes: 1 | 2) => Buffer | undefined {
  let at = 0;
  return (lengthBytes) => {
    if (bytes.length < at + lengthBytes) return undefined;
    const from = at + lengthBytes;
    const to = from + bytes.readUIntBE(at, lengthBytes);
    if (bytes.length < to) return undefined;
    at = to;
    return bytes.subarray(from, to);
  };
}

function hostIn(hello: Buffer): string | undefined {
  const field = fieldsOf(hello.subarray(FIXED_BYTES));
  const [session, suites, compression] = [field(1), field(2), field(1)];
  const extensions = field(2);
  if (session === undefined || suites === undefined || compression === undefined) return undefined;
  for (let rest = extensions; rest !== undefined && rest.length >= 4;) {
    const length = rest.readUInt16BE(2);
    if (rest.readUInt16BE(0) === SERVER_NAME) return nameIn(rest.subarray(4, 4 + length));
    rest = rest.subarray(4 + length);
  }
  return undefined;
}

/** The list has one entry; clients send no other kind of name. */
function nameIn(extension: Buffer): string | undefined {
  const list = fieldsOf(extension)(2);
  if (list === undefined || list[0] !== HOST_NAME) return undefined;
  return fieldsOf(list.subarray(1))(2)?.toString('latin1').toLowerCase();
}
