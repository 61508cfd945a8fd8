import { expect, test } from 'vitest';
import { checkErrorCodes } from './error-codes.ts';

test('a code that only the table names is found', () => {
  const tree = new Map([
    ['packages/x/src/a.test.ts', "expect(outcome).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });"],
    ['packages/host/src/registry/effect.test.ts', '{ CALL_TIMEOUT: FATAL, GUEST_LOST: NONE }'],
    ['fixtures/hostile/expectations.ts', "{ code: 'GUEST_EXITED' }"],
  ]);
  const findings = checkErrorCodes(tree, ['CALL_TIMEOUT', 'GUEST_LOST', 'GUEST_EXITED']);
  expect(findings.map(({ message }) => message)).toEqual([expect.stringContaining('GUEST_LOST') as string]);
});
