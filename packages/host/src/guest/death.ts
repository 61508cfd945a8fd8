/**
 * Says, while there is still time, why this process is about to end and which call ended it. What is said here may only
 * make the guest's own outcome worse; the host judges by the process's real end.
 */
import type { ErrorCode } from '@bulkhead/protocol';
import { describeThrown } from './thrown.ts';

// Taken before any plugin code can replace them.
const stringify = JSON.stringify;
/** Ends the process without running anything of the plugin's; Node keeps it untyped. */
export const exitNow = (process as unknown as { reallyExit: (code: number) => never }).reallyExit.bind(process);

/** Exit codes by which the host knows an end whose message was lost. */
export const EXIT_CODES = { closed: 0, neverReady: 13, unhandledRejection: 71, uncaught: 72 } as const;

/** What the last handlers need of the guest. */
export type DeathWatch = {
  readonly send: (json: string) => void;
  readonly flush: (done?: () => void) => void;
  readonly currentId: () => number | undefined;
  readonly isLoading: () => boolean;
};

/** Installs the last handlers of this process. */
export function watchForDeath(watch: DeathWatch): void {
  const announce = (code: ErrorCode, error: object): void =>
    watch.send(stringify({ t: 'dying', code, error, id: watch.currentId() }));
  const die = (exitCode: number, code: ErrorCode, thrown: unknown): void => {
    const described = describeThrown(thrown, code);
    announce(described.code === 'GUEST_OUT_OF_MEMORY' ? described.code : code, described.error);
    watch.flush(() => exitNow(exitCode));
  };
  process.on('uncaughtException', (error) => die(EXIT_CODES.uncaught, 'GUEST_UNCAUGHT', error));
  process.on('unhandledRejection', (reason) => die(EXIT_CODES.unhandledRejection, 'GUEST_UNHANDLED_REJECTION', reason));
  process.on('exit', (exitCode) => {
    announce('GUEST_EXITED', { name: 'Exit', message: `process.exit(${exitCode})` });
    watch.flush();
  });
  // A load that waits for nothing can never settle; Node itself ends such a main module with 13 (FAULTS 3).
  process.on('beforeExit', () => {
    if (watch.isLoading()) exitNow(EXIT_CODES.neverReady);
  });
}
