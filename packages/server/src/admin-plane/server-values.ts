/**
 * Who may give a plugin a variable of the server's own environment: the operator, whose it is, and no tenant.
 */
import { HostError } from '@bulkhead/host';
import { envNameOf } from '@bulkhead/protocol';
import type { Caller } from '../door/principal.ts';

/** @throws {HostError} `ROLE_TOO_LOW` where a tenant's token would grant one. */
export function refuseServerValues(grant: readonly string[] | undefined, { isPlatform }: Caller): void {
  const word = isPlatform ? undefined : grant?.find((one) => envNameOf(one) !== undefined);
  if (word === undefined) return;
  throw new HostError('ROLE_TOO_LOW', {
    message: `"${word}" gives a variable of the server, which the platform token alone may grant`,
  });
}
