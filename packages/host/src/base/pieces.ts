/**
 * What comes piece by piece and is read at its reader's pace: pieces that have come wait here, and whoever gives them is told when
 * one was taken.
 */

/** Pieces, read once, and how it all ended. A reader that stops before the end ends it; `outcome` is that of whoever gives. */
export type Pieces<Piece, End> = AsyncIterable<Piece, void, undefined> & { readonly outcome: Promise<End> };

/** Takes a piece; `didTake` is called when its reader has it. */
export type GivePiece<Piece> = (piece: Piece, didTake: () => void) => undefined;

type Arrived<Piece> = { readonly piece: Piece; readonly didTake: () => void };

/** Starts `run`, which never rejects, and is told by its signal that nobody reads on. */
export function openPieces<Piece, End>(
  run: (give: GivePiece<Piece>, signal: AbortSignal) => Promise<End>,
  signal: AbortSignal | undefined,
): Pieces<Piece, End> {
  const stopping = new AbortController();
  const arrived: Arrived<Piece>[] = [];
  let wake = (): void => undefined;
  let isOver = false;

  function give(piece: Piece, didTake: () => void): undefined {
    arrived.push({ piece, didTake });
    wake();
  }

  /** The next piece; undefined once there is none and none will come. */
  async function take(): Promise<Arrived<Piece> | undefined> {
    while (arrived.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift();
  }

  async function* read(): AsyncGenerator<Piece, void, undefined> {
    try {
      for (let next = await take(); next !== undefined; next = await take()) {
        next.didTake();
        yield next.piece;
      }
    } finally {
      stopping.abort();
    }
  }

  const signals = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
  const outcome = run(give, signals).finally(() => {
    isOver = true;
    wake();
  });
  const pieces = read();
  return { outcome, [Symbol.asyncIterator]: () => pieces };
}
