/**
 * Makes what a guest wrote safe to show: no escape sequence, no character that forges a line or hides text (FAULTS 37),
 * and none of the server's own paths.
 */
import { stripVTControlCharacters } from 'node:util';

/** Control characters other than tab and newline, bidirectional overrides and zero-width text. */
// oxlint-disable-next-line no-control-regex -- finding control characters is the purpose
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Removes escape sequences and unsafe characters; lines stay lines. */
export function cleanOutput(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(UNSAFE, '');
}

/** The same for text that must be one line of a log: a line break becomes a space. */
export function cleanLine(text: string): string {
  return cleanOutput(text).replaceAll(/[\n\t]/g, ' ');
}

/** Replaces the paths of one launch by names. */
export type HidePaths = (text: string) => string;

/**
 * Makes a function that hides these paths and no other, so that a plugin's own output stays as it is. V8's account of a
 * crash names the Node binary, and a stack names the guest's file.
 *
 * @param names - Absolute path -> what stands for it; a path that is the start of another one may be given too.
 */
export function createPathHider(names: ReadonlyMap<string, string>): HidePaths {
  const paths = [...names.keys()].filter((path) => path.length > 1).toSorted((a, b) => b.length - a.length);
  if (paths.length === 0) return (text) => text;
  const pattern = new RegExp(`(?:file://)?(${paths.map(escaped).join('|')})`, 'g');
  return (text) => (text.includes('/') ? text.replace(pattern, (_, path: string) => names.get(path) ?? '') : text);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}
