/**
 * Cuts what an MCP server writes into lines, each of bounded length. Pure but for what it holds: at most one unfinished line.
 *
 * L1: never more than `lineBytesMax` are held; a longer line is a fault before its end has come.
 * L2: after a fault nothing is taken.
 */

/** Why a line was not taken. */
export type LineFault = { readonly allowed: number; readonly observed: number };

/** Takes bytes as they come. */
export type LineDecoder = {
  /** Hands on every line that the bytes complete, without its end; returns the fault that ends it. */
  readonly push: (bytes: Buffer) => LineFault | undefined;
  readonly setLineBytesMax: (bytes: number) => void;
};

/** How long a line may be, and who takes it. The line is a view that is valid only during the call. */
export type LineDecoderOptions = { readonly lineBytesMax: number; readonly onLine: (line: Buffer) => void };

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/** Makes a decoder at the beginning of a line. */
export function createLineDecoder({ lineBytesMax, onLine }: LineDecoderOptions): LineDecoder {
  let allowed = lineBytesMax;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let fault: LineFault | undefined;

  /** Pieces are joined once, when the line is whole. */
  function complete(end: Buffer): void {
    const line = held.length === 0 ? end : Buffer.concat([...held, end]);
    held = [];
    heldBytes = 0;
    const isWindows = line.at(-1) === CARRIAGE_RETURN;
    onLine(isWindows ? line.subarray(0, -1) : line);
  }

  function take(bytes: Buffer): LineFault | undefined {
    let rest = bytes;
    while (rest.length > 0) {
      const end = rest.indexOf(LINE_FEED);
      const piece = end === -1 ? rest : rest.subarray(0, end);
      if (heldBytes + piece.length > allowed) return { allowed, observed: heldBytes + piece.length };
      if (end === -1) {
        held.push(Buffer.from(piece)); // A copy: the reader's buffer is not ours.
        heldBytes += piece.length;
        return undefined;
      }
      complete(piece);
      rest = rest.subarray(end + 1);
    }
    return undefined;
  }

  return {
    push: (bytes) => {
      if (fault !== undefined) return fault;
      fault = take(bytes);
      if (fault !== undefined) held = [NOTHING];
      return fault;
    },
    setLineBytesMax: (bytes) => (allowed = bytes),
  };
}
