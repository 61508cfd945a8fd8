/**
 * Ends a guest whose temp folder outgrew its bounds, so that no plugin fills the disk. Between two looks it can write what
 * the disk takes in that time; looking takes a tenth of the time at most, so that many files slow nobody else down.
 */
import { LIMITS, callError, type CallError } from '@bulkhead/protocol';

/** What is watched. */
export type WatchedTemp = {
  /** Resolves with what is in the folder; with undefined where that cannot be known. */
  readonly measure: () => Promise<{ readonly bytes: number; readonly files: number } | undefined>;
  readonly callsInFlight: () => number;
  readonly kill: (error: CallError) => void;
  readonly died: Promise<unknown>;
};

const BUSY_MS = 50;
const IDLE_MS = 250;
const SHARE_OF_TIME = 10;
/** On a machine that is so busy that a look takes long, too. */
const REST_MS_MAX = 1_000;

/** Watches until the guest has died. Never keeps the host alive. */
export function watchTemp(guest: WatchedTemp): void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;

  async function look(): Promise<void> {
    const startedAt = performance.now();
    const wrong = judge(await guest.measure());
    if (isOver) return;
    if (wrong !== undefined) return guest.kill(wrong);
    const tookMs = performance.now() - startedAt;
    const rhythmMs = guest.callsInFlight() > 0 ? BUSY_MS : IDLE_MS;
    const restMs = Math.max(rhythmMs, Math.min(tookMs * SHARE_OF_TIME, REST_MS_MAX));
    timer = setTimeout(() => void look(), restMs).unref();
  }

  timer = setTimeout(() => void look(), BUSY_MS).unref();
  void guest.died.then(() => {
    isOver = true;
    clearTimeout(timer);
  });
}

/** The bounds, as the looks compare with them. */
export const TEMP_MOST = { bytes: LIMITS.temp_bytes.value, files: LIMITS.temp_files.value } as const;

function judge(usage: Awaited<ReturnType<WatchedTemp['measure']>>): CallError | undefined {
  if (usage === undefined) return callError('TEMP_DIR_LIMIT', { message: UNREADABLE });
  const over = usage.files > TEMP_MOST.files ? 'files' : usage.bytes > TEMP_MOST.bytes ? 'bytes' : undefined;
  if (over === undefined) return undefined;
  const [allowed, observed] = [TEMP_MOST[over], usage[over]];
  return callError('TEMP_DIR_LIMIT', {
    message: `the plugin's temp folder held ${observed} ${over}; expected at most ${allowed}`,
    limit: { name: `temp_${over}`, allowed, observed, unit: over },
  });
}

const UNREADABLE =
  "a part of the plugin's temp folder cannot be looked at: a folder is locked, or too deep; expected folders that can be read";
