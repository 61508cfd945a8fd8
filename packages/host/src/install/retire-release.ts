/**
 * Ends a release on this host: at once for new calls, and once what it has in flight has ended for its guests and its state.
 */
import type { InstallPath } from './install-path.ts';

/** Retires a release of a plugin; silent where the host does not run it. */
export async function retireRelease(
  { fleet, registry }: Pick<InstallPath, 'fleet' | 'registry'>,
  { name, digest }: { readonly name: string; readonly digest: string },
): Promise<void> {
  await fleet.retire(digest);
  registry.retire(name, { digest });
}
