/**
 * The error that two parts give: the registry for a name that runs, the catalogue for one that is stored.
 */
import { HostError } from './host-error.ts';

/** The error for a second plugin of one name, with both places (decision 6, X003-3). */
export function nameTaken(name: string, first: string | undefined, second: string | undefined): HostError {
  const places = `the first is at ${first ?? 'an unnamed place'}, the second at ${second ?? 'an unnamed place'}`;
  return new HostError('PLUGIN_NAME_TAKEN', {
    message: `Plugin '${name}' is already registered globally. Unregister it first or use a different name. (${places})`,
  });
}
