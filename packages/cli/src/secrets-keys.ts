/**
 * The keys of the secrets as the environment gives them: they are secrets themselves, so no flag and no file of
 * configuration holds one.
 */
import { UsageError } from './usage-error.ts';

const CURRENT = 'BULKHEAD_SECRETS_KEY';
/** Keys that are read until a rotation has ended, with commas between them. */
const OLDER = 'BULKHEAD_SECRETS_KEY_OLD';

/**
 * Returns the key that encrypts and then the older ones, as texts; none where the data directory keeps them.
 *
 * @throws {UsageError} where there are older keys alone.
 */
export function secretsKeysOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const current = env[CURRENT] ?? '';
  const older = (env[OLDER] ?? '').split(',').flatMap((text) => (text.trim() === '' ? [] : [text.trim()]));
  if (current !== '') return [current, ...older];
  if (older.length === 0) return [];
  throw new UsageError(`${OLDER} is set and ${CURRENT} is not`, `Give the key that is to encrypt as ${CURRENT}.`);
}
