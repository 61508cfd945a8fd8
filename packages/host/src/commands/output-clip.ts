/**
 * What a command says, kept to a bound of each stream and read on beyond it; one that says far more than anybody keeps is ended.
 */
import { LIMITS } from '@bulkhead/protocol';

/** Takes chunks, and gives what was kept of them. */
export type OutputClip = {
  readonly stdout: (chunk: Buffer) => void;
  readonly stderr: (chunk: Buffer) => void;
  readonly texts: () => { readonly stdout: string; readonly stderr: string; readonly isClipped: boolean };
};

/** Makes one; `onFlood` is told at each chunk beyond the most that both streams may say. */
export function createOutputClip(bytesMax: number, onFlood: () => void): OutputClip {
  let heard = 0;
  const take = (kept: Kept) => (chunk: Buffer) => {
    heard += chunk.length;
    const part = chunk.subarray(0, bytesMax - kept.bytes);
    if (part.length > 0) kept.chunks.push(part);
    kept.bytes += part.length;
    kept.isClipped ||= part.length < chunk.length;
    if (heard > LIMITS.command_flood_bytes.value) onFlood();
  };
  const [stdout, stderr] = [empty(), empty()];
  return {
    stdout: take(stdout),
    stderr: take(stderr),
    texts: () => ({
      stdout: textOf(stdout),
      stderr: textOf(stderr),
      isClipped: stdout.isClipped || stderr.isClipped,
    }),
  };
}

type Kept = { readonly chunks: Buffer[]; bytes: number; isClipped: boolean };

function empty(): Kept {
  return { chunks: [], bytes: 0, isClipped: false };
}

/** A character that the bound cuts in two is left out. */
function textOf({ chunks, isClipped }: Kept): string {
  const text = Buffer.concat(chunks).toString('utf8');
  return isClipped && text.endsWith('\ufffd') ? text.slice(0, -1) : text;
}
