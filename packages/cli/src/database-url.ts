/**
 * Where a database on a server is. Apart from what opens one, which takes long to load.
 */
/** It may hold a password, so it comes from the environment alone. */
export function databaseUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const url = env['BULKHEAD_DATABASE_URL'];
  return url === '' ? undefined : url;
}
