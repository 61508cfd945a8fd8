/**
 * The floor of every call: bytes there and bytes back between two Node processes over a socketpair, with plain sockets
 * and nothing else. A call cannot be faster than this, so its price is told as a ratio.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A running echo. */
export type Echo = {
  readonly pid: number;
  /** Makes `count` round trips one after another; returns the microseconds of each. */
  readonly run: (count: number) => Promise<readonly number[]>;
  readonly close: () => Promise<void>;
};

/** Starts the far end; both directions carry as many bytes as a call of the fixture does. */
export async function openEcho(sizes: { readonly requestBytes: number; readonly replyBytes: number }): Promise<Echo> {
  const { requestBytes, replyBytes } = sizes;
  const far = fileURLToPath(new URL('echo-child.ts', import.meta.url));
  const child = spawn(process.execPath, [far, String(requestBytes), String(replyBytes)], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  await once(child, 'spawn');
  const socket = child.stdio[3] as Socket; // Spawned with 'pipe' there, which is a duplex socket.
  const request = Buffer.alloc(requestBytes, 0x20);

  function run(count: number): Promise<readonly number[]> {
    return new Promise((resolve) => {
      const micros: number[] = [];
      let seenBytes = 0;
      let startedAt = performance.now();
      const onData = (chunk: Buffer): void => {
        seenBytes += chunk.length;
        if (seenBytes < replyBytes) return;
        seenBytes = 0;
        const now = performance.now();
        micros.push((now - startedAt) * 1_000);
        startedAt = now;
        if (micros.length < count) return void socket.write(request);
        socket.off('data', onData);
        resolve(micros);
      };
      socket.on('data', onData);
      socket.write(request);
    });
  }

  const close = async (): Promise<void> => {
    socket.end();
    await once(child, 'exit');
  };
  return { pid: child.pid ?? 0, run, close };
}

/**
 * Sizes of one call's two frames, written out as protocol/messages.ts has them; ids of five digits, as most are.
 */
export function frameSizes(): { readonly requestBytes: number; readonly replyBytes: number } {
  const headerBytes = 5;
  const call = { t: 'call', id: 50_000, target: 'tool', name: 'add', args: [{ a: 20, b: 22 }], left_ms: 30_000 };
  const ok = { t: 'ok', id: 50_000, value: 42 };
  const bytesOf = (message: object): number => headerBytes + Buffer.byteLength(JSON.stringify(message));
  return { requestBytes: bytesOf(call), replyBytes: bytesOf(ok) };
}
