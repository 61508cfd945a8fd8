/**
 * The names of events: words with dots between them, which one a pattern means, and which are the host's alone.
 */
import { LIMITS, type JsonObject } from '@bulkhead/protocol';

const WORD = '[a-z][a-z0-9_]*';
const charactersMax = { maxLength: LIMITS.event_type_characters.value };

/** JSON Schema of a type: words of small letters, digits and low lines, such as `order.paid`. */
export const EVENT_TYPE: JsonObject = { type: 'string', pattern: `^${WORD}(?:\\.${WORD})*$`, ...charactersMax };

/** JSON Schema of a pattern: a type in which `*` stands for one word, and `**` at its end for one or more. */
export const EVENT_PATTERN: JsonObject = {
  type: 'string',
  pattern: `^(?:(?:${WORD}|\\*)(?:\\.(?:${WORD}|\\*))*(?:\\.\\*\\*)?|\\*\\*)$`,
  ...charactersMax,
};

/** First words that no plugin may publish: those of the host's events, and of what the host may come to tell. */
const HOST_WORDS: readonly string[] = ['config', 'host', 'llm', 'memory', 'plugin', 'tenant', 'thread', 'tool'];

/** Tells whether events of this type are the host's alone, so that no plugin can pass one of its own for them. */
export function isHostsType(type: string): boolean {
  const [first = ''] = type.split('.');
  return HOST_WORDS.includes(first);
}

/** The words that {@link isHostsType} goes by, for messages. */
export function hostWords(): string {
  return HOST_WORDS.join(', ');
}

/**
 * Makes the test for one pattern; O(words) for each type. A pattern that begins with a star means no event of the host's: who
 * wants to hear of each call that is made, says so.
 */
export function eventMatcher(pattern: string): (type: string) => boolean {
  const wanted = pattern.split('.');
  const takesRest = wanted.at(-1) === '**';
  const fixed = takesRest ? wanted.slice(0, -1) : wanted;
  const isOpen = wanted[0] === '*' || wanted[0] === '**';
  return (type) => {
    const words = type.split('.');
    const isLong = takesRest ? words.length > fixed.length : words.length === fixed.length;
    if (!isLong || (isOpen && isHostsType(type))) return false;
    return fixed.every((word, index) => word === '*' || word === words[index]);
  };
}
