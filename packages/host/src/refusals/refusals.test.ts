import { LIMITS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { findRefusals } from './find-refusals.ts';
import { createRefusals } from './refusals.ts';

test.each([
  [
    "Error: EACCES: permission denied, open '/etc/passwd'",
    { what: 'file', target: '/etc/passwd', error: 'EACCES', permission: null },
  ],
  [
    "EROFS: read-only file system, mkdir '/bulkhead/server/x'",
    { what: 'file', target: '/bulkhead/server/x', error: 'EROFS', permission: null },
  ],
  ['Error: spawn git EPERM', { what: 'child', target: 'git', error: 'EPERM', permission: 'children' }],
  ['spawnSync /bin/sh ENOENT', { what: 'child', target: '/bin/sh', error: 'ENOENT', permission: 'children' }],
  ['connect EACCES 10.0.0.1:443', { what: 'network', target: '10.0.0.1:443', error: 'EACCES', permission: 'internet' }],
  [
    'getaddrinfo EAI_AGAIN api.example.com',
    { what: 'network', target: 'api.example.com', error: 'EAI_AGAIN', permission: 'internet' },
  ],
  [
    "PermissionError: [Errno 13] Permission denied: '/etc/shadow'",
    { what: 'file', target: '/etc/shadow', error: 'EACCES', permission: null },
  ],
  [
    'GITHUB_TOKEN environment variable is required',
    { what: 'environment', target: 'GITHUB_TOKEN', error: 'unset', permission: 'env:GITHUB_TOKEN' },
  ],
])('%s tells of a refusal', (text, refused) => {
  expect(findRefusals(`something\n${text}\n`)).toEqual([refused]);
});

test.each(["ENOENT: no such file or directory, open '/bulkhead/data/x'", 'all is well', 'the file is not set'])(
  '%s tells of none',
  (text) => {
    expect(findRefusals(text)).toEqual([]);
  },
);

test('what is tried again is counted, what is too much is forgotten, and tenants do not meet', () => {
  let now = 0;
  const refusals = createRefusals(() => now);
  const whose = { plugin: 'a', tenant: 't' };
  refusals.note(whose, 'spawn git EPERM, then spawn git EPERM');
  now = 1_000;
  refusals.note(whose, 'spawn git EPERM');
  expect(refusals.of(whose)).toMatchObject([
    { target: 'git', times: 2, first_at: '1970-01-01T00:00:00.000Z', last_at: '1970-01-01T00:00:01.000Z' },
  ]);
  expect(refusals.of({ plugin: 'a', tenant: 'other' })).toEqual([]);
  for (let n = 0; n < 2 * LIMITS.refusals.value; n += 1) refusals.note(whose, `spawn tool-${n} EPERM`);
  expect(refusals.of(whose)).toHaveLength(LIMITS.refusals.value);
});
