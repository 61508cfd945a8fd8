/**
 * Which plane a path belongs to, which decides the form of an error: an Outcome on the data plane, `{detail, code, hint}`
 * everywhere else (DESIGN 4). It reads raw request targets, also those that no router accepts, and never throws.
 */

/** `data` answers Outcomes; `control` is the health plane, the admin plane and all that is no route. */
export type Plane = 'data' | 'control';

/** What an error can say of where it happened: the names in the path, as far as they can be read. */
export type Place = { readonly plane: Plane; readonly plugin: string; readonly target: string };

/** Names in reports are for people; a path may hold 16 KiB. */
const NAME_CHARACTERS_MAX = 128;
const TOOLS_PREFIX = '/v1/tools';
const AGENTS_PREFIX = '/v1/agents';

/** Where runs of agents are. */
export const AGENT_PLACE: Place = { plane: 'data', plugin: '', target: 'agents/runs' };

/** Reads the plane, and on the data plane the names of plugin and tool, from a request target. O(length). */
export function placeOf(url: string): Place {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  if (isBelow(path, AGENTS_PREFIX)) return AGENT_PLACE;
  if (!isBelow(path, TOOLS_PREFIX)) return { plane: 'control', plugin: '', target: '' };
  const [plugin = '', target = ''] = path.slice(TOOLS_PREFIX.length + 1).split('/');
  return { plane: 'data', plugin: readName(plugin), target: readName(target) };
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** Tells whether the target is the health of some plugin: there the answer is 200 or 404, whatever the name (F001-20). */
export function isHealthOfPlugin(url: string): boolean {
  return /^\/v1\/plugins\/.*\/health\/?(?:[?#]|$)/s.test(url);
}

function readName(part: string): string {
  const clipped = part.slice(0, NAME_CHARACTERS_MAX);
  try {
    return decodeURIComponent(clipped);
  } catch {
    return clipped; // Malformed escapes, or one that the clip cut: shown as they came.
  }
}
