/**
 * The part of the Storage conformance suite for plugin indexes: of each the highest serial is known, whoever saw it.
 */
import { expect, test } from 'vitest';
import type { Opened } from './conformance-fixture.ts';

const KEY = `ed25519:${'A'.repeat(43)}=`;
const OTHER_KEY = `ed25519:${'B'.repeat(43)}=`;

/** Declares the tests. */
export function indexTests(storage: Opened): void {
  test('[FAULTS-91] of an index the highest serial is kept, for each name and key by itself', async () => {
    const see = (serial: number, more = {}): Promise<number> =>
      storage().seeIndex({ name: 'ours', key: KEY, serial, ...more });
    expect(await see(7)).toBe(7);
    expect(await see(6)).toBe(7);
    expect(await see(9)).toBe(9);
    expect(await see(1, { key: OTHER_KEY })).toBe(1);
    expect(await see(2, { name: 'theirs' })).toBe(2);
    expect(await see(1)).toBe(9);
    expect(await see(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('of serials that are seen at once the highest stays', async () => {
    const serials = [3, 9, 1, 8, 5];
    await Promise.all(serials.map((serial) => storage().seeIndex({ name: 'ours', key: KEY, serial })));
    expect(await storage().seeIndex({ name: 'ours', key: KEY, serial: 1 })).toBe(9);
  });
}
