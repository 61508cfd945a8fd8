/**
 * How a request to the network fails, as errors of the table. What they say is for the plugin's author, and tells nothing of the
 * network that this server is in.
 */
import { LIMITS } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { EgressRefusal } from './target.ts';

/** `EGRESS_REFUSED`; `details` has the rule and the target for the audit log. */
export function refused({ rule, target, message }: EgressRefusal): HostError {
  return new HostError('EGRESS_REFUSED', { message, details: { rule, target } });
}

/** `EGRESS_FAILED`. */
export function failed(message: string, cause?: unknown): HostError {
  return new HostError('EGRESS_FAILED', { message, cause });
}

/** `EGRESS_LIMIT`, by the name of a bound that begins with `egress_`. */
export function pastLimit(name: Extract<keyof typeof LIMITS, `egress_${string}`>, observed?: number): HostError {
  const { value, unit } = LIMITS[name];
  return new HostError('EGRESS_LIMIT', {
    message: `a request to the network passed ${name}: at most ${value} ${unit}`,
    limit: { name, allowed: value, observed: observed ?? value + 1, unit },
  });
}
