/**
 * Words of the log's levels; written out, because the server's module is loaded by `serve` alone.
 */
import type { LogLevel } from '@bulkhead/server';

/** Levels, from everything to nothing; those of the server. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies readonly LogLevel[];
