/**
 * What a guest says of its plugin once it is loaded. The host reads no more of it than its bound, and would end the guest
 * without knowing why it is so long; here it is still known what takes the room, so the author is told.
 */
import { LIMITS } from '@bulkhead/protocol';
import type { AdaptedPlugin } from './adapt/adapt.ts';

// Taken before any plugin code can replace them.
const stringify = JSON.stringify;
const byteLength = Buffer.byteLength.bind(Buffer);
/** A name is the author's, and judged later. */
const SHOWN_CHARACTERS = 64;

/**
 * Writes the message.
 *
 * @throws {RangeError} where it is longer than `LIMITS.ready_frame_bytes`; names size, bound, the largest part and the cure.
 */
export function readyMessage(plugin: AdaptedPlugin): string {
  const { metadata, tools, hooks, exports, offers } = plugin;
  const has_health_check = plugin.healthCheck !== undefined;
  const entries = plugin.entries();
  const offered = {
    ...(entries.length > 0 && { entries }),
    ...(offers.resources.length > 0 && { resources: offers.resources }),
    ...(offers.prompts.length > 0 && { prompts: offers.prompts }),
  };
  const json = stringify({ t: 'ready', metadata, tools, hooks, exports, has_health_check, ...offered });
  const bytes = byteLength(json);
  const { value: allowed } = LIMITS.ready_frame_bytes;
  if (bytes <= allowed) return json;
  throw new RangeError(
    `what the plugin says of itself has ${bytes} bytes of JSON; at most ${allowed} are taken. ${largestPart(plugin)}`,
  );
}

function largestPart({ metadata, tools }: AdaptedPlugin): string {
  const sizes = tools.map(({ name, ...tool }) => ({ name, bytes: byteLength(stringify(tool)) }));
  const largest = sizes.toSorted((a, b) => b.bytes - a.bytes)[0];
  const metadataBytes = byteLength(stringify(metadata));
  if (largest === undefined || metadataBytes > largest.bytes) {
    return `Its metadata has ${metadataBytes}. Say less there.`;
  }
  const { name, bytes } = largest;
  const which = `the largest of its ${tools.length} tools is "${name.slice(0, SHOWN_CHARACTERS)}" with ${bytes}`;
  return `Offer fewer tools, or shorten their descriptions and schemas; ${which}.`;
}
