import type { JsonObject } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { audited } from './audited.ts';

const CLOCK = { now: () => 0, wallTime: () => 0 };

function detailsOf(details: JsonObject): JsonObject {
  const deed = { actor: 'platform', action: 'plugin.install', tenant_id: null, resource: 'plugin a', details };
  return audited(CLOCK, [], deed).audit.details;
}

test('[X003-8] details of a line are at most 500 characters, and shorter ones stay as they are', () => {
  expect(detailsOf({ version: '1.0.0', place: '/plugins/a' })).toEqual({ version: '1.0.0', place: '/plugins/a' });
  const cut = detailsOf({ version: '1.0.0', place: 'x'.repeat(1_000), digest: 'd' });
  expect(cut).toEqual({ version: '1.0.0', place: expect.stringMatching(/^x{400,}…$/) });
  expect(JSON.stringify(cut).length).toBe(500);
});

test('[X003-8] whatever the details are, they fit', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 800, unit: 'binary' }),
    fc.integer(),
    fc.array(fc.string()),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string({ maxLength: 300 }), value, { maxKeys: 8 }), (details) => {
      expect(JSON.stringify(detailsOf(details)).length).toBeLessThanOrEqual(500);
    }),
  );
});
