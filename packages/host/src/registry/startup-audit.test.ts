import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auditStartup } from './startup-audit.ts';

const good = { name: 'a', place: '/plugins/a', state: 'INITIALIZED' } as const;

test('[X001-8] a start whose discovered folders are all registered or refused has no violation', () => {
  const start = { discovered: ['/plugins/a', '/plugins/b'], registered: [good], refused: [{ path: '/plugins/b' }] };
  expect(auditStartup(start, { strict: true })).toEqual([]);
});

test('[X001-8] a folder that nobody accounts for is a violation', () => {
  expect(auditStartup({ discovered: ['/plugins/lost'], registered: [], refused: [] }, { strict: false })).toEqual([
    'INVARIANT VIOLATED: /plugins/lost was discovered, but is neither registered nor refused',
  ]);
});

test('[X001-8] a plugin that is still LOADED after the start is a violation', () => {
  const start = { discovered: ['/plugins/a'], registered: [{ ...good, state: 'LOADED' as const }], refused: [] };
  expect(auditStartup(start, { strict: false })).toEqual([
    'INVARIANT VIOLATED: a is LOADED after the start; expected INITIALIZED, RUNNING, FAILED, UNAVAILABLE',
  ]);
});

test('[X001-8] a folder that is both registered and refused is a violation', () => {
  const start = { discovered: ['/plugins/a'], registered: [good], refused: [{ path: '/plugins/a' }] };
  expect(auditStartup(start, { strict: false })).toEqual([
    'INVARIANT VIOLATED: a of /plugins/a is both registered and refused',
  ]);
});

test('[X001-8] strict turns violations into a failure that names each', () => {
  const start = { discovered: ['/plugins/x', '/plugins/y'], registered: [], refused: [] };
  expect(() => auditStartup(start, { strict: true })).toThrow(
    /INVARIANT VIOLATED: \/plugins\/x .*\nINVARIANT VIOLATED: \/plugins\/y /,
  );
});

test('plugins that were uploaded, and so were not discovered, are no violation', () => {
  expect(
    auditStartup({ discovered: [], registered: [{ ...good, place: undefined }], refused: [] }, { strict: true }),
  ).toEqual([]);
});

test('there is a violation for each folder that is missing, and for no other', () => {
  const folders = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 10 });
  fc.assert(
    fc.property(folders, fc.nat(10), fc.nat(10), (discovered, registeredCount, refusedCount) => {
      const registered = discovered.slice(0, registeredCount).map((place) => ({ ...good, place }));
      const refused = discovered.slice(registeredCount, registeredCount + refusedCount).map((path) => ({ path }));
      const missing = discovered.length - registered.length - refused.length;
      expect(auditStartup({ discovered, registered, refused }, { strict: false })).toHaveLength(missing);
    }),
  );
});
