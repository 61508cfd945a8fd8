/**
 * A prompt as an implementation: what it says of itself, and where arguments go (F002-7, F002-17). Pure.
 *
 *   ---
 *   output: json
 *   ---
 *   Sort these numbers, and answer with the list: {{0}}
 */
import { isJsonObject, type JsonValue } from '@bulkhead/protocol';

/**
 * How an answer is read: as the text that it is, or as JSON.
 *
 * @public
 */
export type PromptOutput = 'text' | 'json';

/** A prompt without its head; `output` where the head says it. */
export type Prompt = { readonly text: string; readonly output: PromptOutput | undefined };

/** Lines between three hyphens at the very start. */
const HEAD = /^---\r?\n((?:[^\n]*\n)*?)---[ \t]*(?:\r?\n|$)/;

/**
 * Reads the head of a prompt: `output: json` or `output: text`; other lines are whoever wrote them's own. Without `output` there is
 * no head, and the text is the prompt as it stands.
 */
export function readPrompt(content: string): Prompt {
  const head = HEAD.exec(content);
  const said = /^output:[ \t]*(text|json)[ \t]*\r?$/m.exec(head?.[1] ?? '')?.[1];
  if (head === null || said === undefined) return { text: content, output: undefined };
  return { text: content.slice(head[0].length), output: said === 'json' ? 'json' : 'text' };
}

const PLACEHOLDER = /\{\{[ \t]*([\w-]{1,100})[ \t]*\}\}/g;

/**
 * Puts arguments into a prompt. `{{0}}` is the first, `{{1}}` the second; `{{name}}` the member of the first where that is an object.
 * Texts stand as they are, everything else as JSON; a placeholder that names nothing stays, and what an argument says is not read for
 * placeholders. Where none was filled, and there are arguments, they follow the prompt as a JSON list.
 */
export function fillPrompt(text: string, args: readonly JsonValue[]): string {
  let isFilled = false;
  const filled = text.replace(PLACEHOLDER, (all, name: string) => {
    const value = valueOf(name, args);
    if (value === undefined) return all;
    isFilled = true;
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
  return isFilled || args.length === 0 ? filled : `${text}\n\nArguments, as a JSON list:\n${JSON.stringify(args)}`;
}

function valueOf(name: string, args: readonly JsonValue[]): JsonValue | undefined {
  if (/^\d+$/.test(name)) return args[Number(name)];
  const [first] = args;
  return isJsonObject(first) && Object.hasOwn(first, name) ? first[name] : undefined;
}

/** A block of code that says it is JSON, or nothing. */
const FENCED = /```(?:json)?[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```/i;

/** The JSON of an answer: all of it, or its first fenced block; undefined where there is none. */
export function readJsonAnswer(text: string): { readonly value: unknown } | undefined {
  return parsed(text) ?? parsed(FENCED.exec(text)?.[1]);
}

function parsed(text: string | undefined): { readonly value: unknown } | undefined {
  if (text === undefined) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
