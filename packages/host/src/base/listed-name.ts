/**
 * The name of a plugin's tool among those of a tenant (DESIGN 15): `plugin__tool`. No name of a plugin or tool has "__" in it, so a
 * listed name leads to one tool.
 */
import { hash } from 'node:crypto';

/** Clients of language models take no longer ones. */
const CHARACTERS_MAX = 64;
const KEPT_CHARACTERS = 55;
const DIGITS = 8;

/**
 * Returns `plugin__tool`, shortened as {@link shortenedName}.
 *
 * @internal
 */
export function listedName(plugin: string, tool: string): string {
  return shortenedName(`${plugin}__${tool}`);
}

/**
 * Returns a name of at most 64 characters: a longer one as its first 55, "_" and 8 hex digits of its SHA-256.
 *
 * @internal
 */
export function shortenedName(name: string): string {
  if (name.length <= CHARACTERS_MAX) return name;
  return `${name.slice(0, KEPT_CHARACTERS)}_${hash('sha256', name, 'hex').slice(0, DIGITS)}`;
}
