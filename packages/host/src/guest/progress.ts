/**
 * `context.progress`: how far a call is. The newest word counts, so what is said faster than anybody reads is skipped here,
 * where it costs the host nothing.
 */
import { LIMITS, type Progress } from '@bulkhead/protocol';

const INTERVAL_MS = LIMITS.progress_interval_ms.value;

// Taken before any plugin code can replace them.
const now = performance.now.bind(performance);
const later = globalThis.setTimeout;
const cancel = globalThis.clearTimeout;

/** Says how far the work is, in units of the plugin's own. */
export type TellProgress = (progress: number, of?: { readonly total?: number; readonly message?: string }) => void;

/** What one call says of itself. */
export class ProgressTeller {
  readonly #send: (told: Progress) => void;
  #saidAt = Number.NEGATIVE_INFINITY;
  #held: Progress | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (told: Progress) => void) {
    this.#send = send;
  }

  /** What is no number says nothing. */
  tell(progress: unknown, { total, message }: { readonly total?: unknown; readonly message?: unknown } = {}): void {
    if (!isNumber(progress)) return;
    this.#held = {
      progress,
      ...(isNumber(total) && { total }),
      ...(typeof message === 'string' && { message }),
    };
    const waitMs = this.#saidAt + INTERVAL_MS - now();
    if (waitMs <= 0) this.#say();
    else this.#timer ??= later(() => this.#say(), waitMs).unref();
  }

  /** The call has ended: its result says more. */
  end(): void {
    cancel(this.#timer);
  }

  #say(): void {
    const told = this.#held;
    cancel(this.#timer);
    this.#timer = undefined;
    this.#held = undefined;
    this.#saidAt = now();
    if (told !== undefined) this.#send(told);
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
