/**
 * The host's words for how a call ended, as guard's words for whom that is held against.
 */
import type { OutcomeKind } from '@bulkhead/protocol';
import type { ExecutionErrorType } from './executor.ts';

/**
 * How a call of the plugin that gave no answer ends the run. What an implementation may bring about in a plugin that only carries its
 * result home is the implementation's; that the plugin throws, dies or may not be called is not.
 */
const TYPES: Readonly<Record<OutcomeKind, ExecutionErrorType>> = {
  tool_error: 'infrastructure',
  invalid_input: 'invalid_input',
  invalid_output: 'parse_error',
  output_too_large: 'parse_error',
  denied: 'unavailable',
  over_quota: 'unavailable',
  overloaded: 'unavailable',
  timeout: 'timeout',
  out_of_memory: 'infrastructure',
  crashed: 'infrastructure',
  cancelled: 'cancelled',
  protocol_violation: 'infrastructure',
  breaker_open: 'circuit_breaker_open',
  unavailable: 'unavailable',
  disabled: 'unavailable',
  not_found: 'unavailable',
  host_restart: 'infrastructure',
};

/** The type of a run whose call ended so. */
export function typeOfOutcome(kind: OutcomeKind): ExecutionErrorType {
  return TYPES[kind];
}
