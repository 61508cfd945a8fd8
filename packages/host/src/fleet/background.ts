/**
 * Which plugins work while nobody calls them.
 */

/** Permissions that are for it. */
const BACKGROUND: readonly string[] = ['threads', 'events'];

/** Tells whether a plugin with these permissions works in the background (ADR 20). */
export function worksInBackground(permissions: readonly string[]): boolean {
  return permissions.some((word) => BACKGROUND.includes(word));
}
