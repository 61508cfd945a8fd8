/**
 * Reasons that an operator can act on: the class, the message, the cause in parentheses, whether it is temporary or
 * permanent, and the cure (F001-25, F001-26, F001-29). A vague reason is refused, and a plugin that throws nothing but
 * "x" still gets a useful one. Nothing here is trusted text: control characters go, and the length is bounded.
 */
import { ERRORS, LIMITS, type ErrorCode } from '@bulkhead/protocol';
import { basename, isAbsolute } from 'node:path';
import { HostError } from '../base/host-error.ts';

/** What is known of a failure. All but `code` may be missing or vague: the error table then speaks. */
export type ReasonParts = {
  readonly code: ErrorCode;
  /** Class of what was thrown, such as `TypeError`; the code stands in its place. */
  readonly className?: string;
  readonly message?: string;
  /** Why, in words of the host; the table's message stands in its place. */
  readonly cause?: string;
  /** Command or step that mends it; the table's hint stands in its place. */
  readonly cure?: string;
  /** Where this occurrence is permanent although its code is not, or the other way round. */
  readonly isPermanent?: boolean;
};

/** Shorter than this, no text says what happened, why and what to do. */
const REASON_CHARACTERS_MIN = 10;
/** Room that cause and cure always have, however long the plugin's own text is. */
const MESSAGE_CHARACTERS_MAX = LIMITS.reason_characters.value / 2;
const PART_CHARACTERS_MAX = LIMITS.reason_characters.value / 5;
const CLASS_CHARACTERS_MAX = 80;
/** Of a vague message; enough to recognise it. */
const QUOTE_CHARACTERS_MAX = 120;

/** Words that say that something is wrong, and nothing of what. A reason of these alone is vague. */
const EMPTY_WORDS: ReadonlySet<string> = new Set(
  (
    'a an and at bad been broken by call call. called can cannot code could crash crashed did died does error errors ' +
    'exception execution fail failed failing fails failure fatal for generic had happened has in internal invalid is ' +
    'issue it its load loading module n/a nil no none not null object occurred of oops plugin problem reason result run ' +
    'runtime server something state system the this to tool undefined unexpected unknown unspecified was went while ' +
    'with wrong'
  ).split(' '),
);
const CLASS_NAME = /^[A-Za-z_$][\w$.]*(?:Error|Exception|Warning|Failure):?$/;
/** C0 and C1 controls, line separators, and marks that turn the direction of text (FAULTS 37). */
// oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/**
 * Makes an actionable reason of whatever is known: `Class: message (cause; temporary|permanent: cure)`.
 *
 * @returns one line of at most `LIMITS.reason_characters`; it always passes {@link assertActionable}.
 */
export function composeReason(parts: ReasonParts): string {
  const row = ERRORS[parts.code];
  const className = clean(parts.className, CLASS_CHARACTERS_MAX);
  const head = className === '' ? parts.code : className;
  const cause =
    clean(parts.cause, PART_CHARACTERS_MAX) || (className === '' ? row.message : `${parts.code}: ${row.message}`);
  const cure = clean(parts.cure, PART_CHARACTERS_MAX) || row.hint;
  const word = (parts.isPermanent ?? isPermanent(parts.code)) ? 'permanent' : 'temporary';
  return `${head}: ${messageOf(parts, row.message)} (${cause}; ${word}: ${withoutFullStop(cure)})`;
}

/** The reason without a word of the plugin's or a tenant's: code, the table's message and hint (DESIGN 9). */
export function publicReason(code: ErrorCode): string {
  const row = ERRORS[code];
  const word = isPermanent(code) ? 'permanent' : 'temporary';
  return `${code}: ${row.message} (${word}: ${withoutFullStop(row.hint)})`;
}

/**
 * Names the plugin's folder by its last part: who may call a plugin need not know where on the server it lies.
 *
 * @param place - The folder, absolute; any other word is left as it is. In a command it may stand in a shell's quotes.
 */
export function withoutPlace(reason: string, place: string | undefined): string {
  if (place === undefined || !isAbsolute(place)) return reason;
  const inQuotes = place.replaceAll("'", String.raw`'\''`);
  const spellings = [inQuotes, place].map(escapedForPattern).join('|');
  return reason.replaceAll(new RegExp(`(?:${spellings})(?![\\w-]|\\.\\w)`, 'g'), () => basename(place));
}

function escapedForPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

/** Tells whether a text leaves an operator as wise as before. */
function isVague(reason: string): boolean {
  const text = reason.replace(CONTROLS, ' ').trim();
  if (text.length < REASON_CHARACTERS_MIN || !/\s/.test(text)) return true;
  const words = text.split(/\s+/).filter((word) => !CLASS_NAME.test(word));
  return !words.some((word) => isTelling(word.toLowerCase()));
}

/**
 * Returns the reason, cleaned of control characters and clipped.
 *
 * @throws {HostError} `REASON_VAGUE` for "", "Error", "failed", a bare class name, fewer than 10 characters, one word,
 *   or words that only say that something is wrong (F001-25, F001-47).
 */
export function assertActionable(reason: string): string {
  if (!isVague(reason)) return clean(reason, LIMITS.reason_characters.value);
  throw new HostError('REASON_VAGUE', {
    message: `the reason is ${JSON.stringify(reason.slice(0, CLASS_CHARACTERS_MAX))}; expected the class, the message and the cause`,
  });
}

/** Permanent is what no retry and no restart mends: somebody has to change or provide something (F001-27, F001-28). */
function isPermanent(code: ErrorCode): boolean {
  if (code === 'HOST_SPAWN_FAILED' || code === 'STORAGE_UNAVAILABLE') return false;
  const { kind } = ERRORS[code];
  return (
    kind === 'unavailable' ||
    kind === 'invalid_input' ||
    kind === 'denied' ||
    kind === 'disabled' ||
    kind === 'not_found'
  );
}

/** A vague message is quoted beside the table's, so that what the plugin said is not lost. */
function messageOf(parts: ReasonParts, fallback: string): string {
  const message = clean(parts.message, MESSAGE_CHARACTERS_MAX);
  if (message === '') return parts.className === undefined ? fallback : 'the plugin gave no message';
  if (parts.className === undefined) return isVague(message) ? `${fallback}, saying only ${quote(message)}` : message;
  return isVague(`${parts.className}: ${message}`) ? `the plugin said only ${quote(message)}` : message;
}

function quote(message: string): string {
  return JSON.stringify(message.slice(0, QUOTE_CHARACTERS_MAX));
}

function isTelling(word: string): boolean {
  const bare = word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  return bare.length > 1 && !EMPTY_WORDS.has(bare);
}

function clean(text: string | undefined, charactersMax: number): string {
  const line = (text ?? '').replace(CONTROLS, ' ').trim();
  return line.length > charactersMax ? `${line.slice(0, charactersMax - 1)}…` : line;
}

function withoutFullStop(sentence: string): string {
  return sentence.endsWith('.') ? sentence.slice(0, -1) : sentence;
}
