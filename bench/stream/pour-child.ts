/**
 * The far end of the raw pipe: for each byte on fd 3 it writes the bytes of one round, as fast as the socket takes them.
 * Arguments: bytes of a round, bytes of a write.
 */
import { Socket } from 'node:net';

const [roundBytes = 1, writeBytes = 1] = process.argv.slice(2).map(Number);
const piece = Buffer.alloc(writeBytes);
const socket = new Socket({ fd: 3, readable: true, writable: true });
let leftBytes = 0;
function pour(): void {
  while (leftBytes > 0) {
    leftBytes -= writeBytes;
    if (!socket.write(piece)) return;
  }
}
socket.on('drain', pour);
socket.on('data', (asked: Buffer) => {
  leftBytes += asked.length * roundBytes;
  pour();
});
socket.on('end', () => socket.end());
