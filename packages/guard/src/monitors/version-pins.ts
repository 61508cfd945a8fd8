/**
 * Which guard a monitor says that it is for: `guard_min` and `guard_max` of its PLUGIN_METADATA, and the major version that it pins
 * (F002-32, X002-14).
 */
import type { JsonValue } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';

/** The version of this package; a test holds it equal to package.json's. */
export const GUARD_VERSION = '0.1.0';

/**
 * Insists that a monitor is for this guard. What says nothing of it is for any; what is no version is refused.
 *
 * @param name - Of the monitor, for the text.
 * @param metadata - Its PLUGIN_METADATA, of whatever shape.
 * @throws {GuardError} `MONITOR_INVALID`.
 */
export function assertVersionPins(name: string, metadata: JsonValue | undefined, version = GUARD_VERSION): void {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return;
  const own = partsOf(version);
  for (const [field, isBroken] of PINS) {
    const pin = 'guard_min' in metadata || 'guard_max' in metadata ? Reflect.get(metadata, field) : undefined;
    if (pin === undefined || pin === null) continue;
    const parts = typeof pin === 'string' ? partsOf(pin) : undefined;
    if (parts === undefined || own === undefined)
      throw new GuardError(
        'MONITOR_INVALID',
        `monitor "${name}" has the ${field} ${JSON.stringify(pin)}; expected a version such as "0.1" or "0.1.0"`,
      );
    if (isBroken(compared(own, parts)))
      throw new GuardError(
        'MONITOR_INVALID',
        `monitor "${name}" asks for a guard ${field === 'guard_min' ? 'from' : 'up to'} ${parts.join('.')}, and this is ${version}; take another version of either`,
      );
  }
}

const PINS: readonly (readonly [string, (order: number) => boolean])[] = [
  ['guard_min', (order) => order < 0],
  ['guard_max', (order) => order > 0],
];

/** One to three numbers: a pin of one is of its major version. */
function partsOf(version: string): readonly number[] | undefined {
  return /^\d{1,6}(?:\.\d{1,6}){0,2}$/.test(version) ? version.split('.').map(Number) : undefined;
}

/** As far as the pin goes: 0.1 holds 0.1.7. */
function compared(own: readonly number[], pin: readonly number[]): number {
  for (const [at, part] of pin.entries()) {
    const difference = (own[at] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}
