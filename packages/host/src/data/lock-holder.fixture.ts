/**
 * For data-lock.test.ts: a process that takes the lock of a folder, sends `held` or the code of the refusal, and lives until
 * it is killed.
 */
import { HostError } from '../base/host-error.ts';
import { isProvedDead, ownIdentity, parseIdentity } from '../sandbox/process/process-table.ts';
import { lockDataDirectory } from './data-lock.ts';

const identities = { own: ownIdentity, parse: parseIdentity, isProvedDead };
try {
  await lockDataDirectory(process.argv[2] ?? '', identities);
  process.send?.('held');
} catch (error) {
  process.send?.(error instanceof HostError ? error.code : String(error));
}
setInterval(() => undefined, 1_000);
