/**
 * The far end of the raw echo: for each request's worth of bytes on fd 3 it writes one reply's worth, and nothing else.
 * Arguments: bytes of a request, bytes of a reply.
 */
import { Socket } from 'node:net';

const [requestBytes = 1, replyBytes = 1] = process.argv.slice(2).map(Number);
const reply = Buffer.alloc(replyBytes, 0x20);
const socket = new Socket({ fd: 3, readable: true, writable: true });
let seenBytes = 0;
socket.on('data', (chunk: Buffer) => {
  seenBytes += chunk.length;
  for (; seenBytes >= requestBytes; seenBytes -= requestBytes) socket.write(reply);
});
socket.on('end', () => socket.end());
