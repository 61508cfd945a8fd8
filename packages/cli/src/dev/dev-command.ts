/**
 * What can be typed at the prompt of `bulkhead dev`: a tool with its parameters, or a command that begins with a dot.
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { closest, distance } from 'fastest-levenshtein';

/** Commands, with what each does. */
export const DEV_COMMANDS: Readonly<Record<string, string>> = {
  '.tools': 'the tools, with parameters to begin with',
  '.logs': 'the newest lines of the log; .logs 100 shows so many',
  '.reload': 'reads the folder again, also where nothing has changed',
  '.help': 'this list',
  '.quit': 'ends the server',
};

/** A line that was understood, or what is wrong with it. */
export type DevCommand =
  | { readonly kind: 'call'; readonly tool: string; readonly params: JsonObject }
  | { readonly kind: 'tools' | 'reload' | 'help' | 'quit' | 'nothing' }
  | { readonly kind: 'logs'; readonly linesMax: number }
  | { readonly kind: 'wrong'; readonly message: string };

const LINES_DEFAULT = 20;
const LINES_MAX = 1_000;
const FAR = 3;

/** Reads a line; `tools` are the names that there are. */
export function parseDevCommand(line: string, tools: readonly string[]): DevCommand {
  const text = line.trim();
  const [word = '', ...others] = text.split(/\s+/);
  const rest = text.slice(word.length).trim();
  if (word === '') return { kind: 'nothing' };
  if (!word.startsWith('.')) return parseCall(word, rest, tools);
  switch (word) {
    case '.tools':
      return { kind: 'tools' };
    case '.reload':
      return { kind: 'reload' };
    case '.help':
      return { kind: 'help' };
    case '.quit':
    case '.exit':
      return { kind: 'quit' };
    case '.logs':
      return parseLogs(others[0]);
    default:
      return {
        kind: 'wrong',
        message: `there is no ${word}${nearest(word, Object.keys(DEV_COMMANDS))}; .help lists all`,
      };
  }
}

/** Completes the word that is being typed: names of tools, and commands. Returns what it could become, and the word. */
export function completeDevLine(line: string, tools: readonly string[]): [string[], string] {
  const word = line.trimStart();
  if (/\s/.test(word)) return [[], line];
  const names = [...tools.map((tool) => `${tool} `), ...Object.keys(DEV_COMMANDS)];
  return [names.filter((name) => name.startsWith(word)), word];
}

function parseLogs(count: string | undefined): DevCommand {
  if (count === undefined) return { kind: 'logs', linesMax: LINES_DEFAULT };
  const linesMax = Number(count);
  if (Number.isInteger(linesMax) && linesMax >= 1 && linesMax <= LINES_MAX) return { kind: 'logs', linesMax };
  return { kind: 'wrong', message: `.logs takes a whole number from 1 to ${LINES_MAX}, not ${count}` };
}

function parseCall(tool: string, rest: string, tools: readonly string[]): DevCommand {
  if (!tools.includes(tool)) {
    const offered = tools.length === 0 ? 'it offers none' : `it offers ${tools.join(', ')}`;
    return { kind: 'wrong', message: `there is no tool ${tool}${nearest(tool, tools)}; ${offered}` };
  }
  try {
    const params: unknown = rest === '' ? {} : JSON.parse(rest);
    if (isJsonObject(params)) return { kind: 'call', tool, params };
  } catch {
    // Said below, with what was expected.
  }
  return { kind: 'wrong', message: `the parameters of ${tool} are ${rest}; expected a JSON object, such as {"a":1}` };
}

function nearest(word: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const name = closest(word, [...names]);
  return distance(word, name) > FAR ? '' : `; did you mean ${name}`;
}
