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
  /** Of another folder than a temp folder. */
  readonly bounds?: FolderBounds;
};

/** What a folder may hold, and what is said where it holds more. */
export type FolderBounds = {
  readonly code: 'TEMP_DIR_LIMIT' | 'STATE_LIMIT';
  readonly folder: string;
  readonly name: 'temp' | 'state';
  readonly bytes: number;
  readonly files: number;
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
    const wrong = judgeFolder(await guest.measure(), guest.bounds ?? TEMP_BOUNDS);
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

const TEMP_BOUNDS: FolderBounds = { code: 'TEMP_DIR_LIMIT', folder: 'temp folder', name: 'temp', ...TEMP_MOST };

/** Returns why a folder is beyond its bounds, or cannot be looked at; undefined where it is within them. */
export function judgeFolder(
  usage: Awaited<ReturnType<WatchedTemp['measure']>>,
  { code, folder, name, ...most }: FolderBounds,
): CallError | undefined {
  if (usage === undefined) return callError(code, { message: `a part of the plugin's ${folder} ${UNREADABLE}` });
  const over = usage.files > most.files ? 'files' : usage.bytes > most.bytes ? 'bytes' : undefined;
  if (over === undefined) return undefined;
  const [allowed, observed] = [most[over], usage[over]];
  return callError(code, {
    message: `the plugin's ${folder} held ${observed} ${over}; expected at most ${allowed}`,
    limit: { name: `${name}_${over}`, allowed, observed, unit: over },
  });
}

const UNREADABLE = 'cannot be looked at: a folder is locked, or too deep; expected folders that can be read';
