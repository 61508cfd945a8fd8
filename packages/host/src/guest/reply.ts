/**
 * Writes a call's answer as JSON, inside the guest, where a cycle or a throwing getter hurts only that call (FAULTS 48).
 */
import { stringifyAnswer } from './binary.ts';
import { outputBytes } from './output.ts';
import { describeThrown, type Thrown } from './thrown.ts';

// Taken before any plugin code can replace them.
const stringify = JSON.stringify;
const byteLength = Buffer.byteLength.bind(Buffer);

/** What a tool answered: its value, or the JSON of it; and the metadata of a ToolResult. */
export type Answer = ({ readonly value: unknown } | { readonly json: string }) & { readonly metadata?: unknown };

/** Why an answer cannot be given; the runtime answers with it. */
export class AnswerFault extends Error {
  readonly thrown: Thrown;

  constructor(thrown: Thrown) {
    super(thrown.error.message);
    this.thrown = thrown;
  }
}

/** The message for a result; an `err` message where it cannot be written or is larger than `outputBytesMax`. */
export function okMessage(id: number, answer: Answer, outputBytesMax: number): string {
  let json: string;
  let metadata = '';
  try {
    json = 'json' in answer ? answer.json : (stringifyAnswer(answer.value) ?? 'null');
    if (answer.metadata !== undefined) metadata = `,"metadata":${stringify(answer.metadata)}`;
  } catch (thrown) {
    return errMessage(id, unserializable(thrown));
  }
  // A UTF-16 unit is at most 3 bytes, so short results are never measured exactly.
  if ((json.length + metadata.length) * 3 > outputBytesMax) {
    const bytes = byteLength(json) + byteLength(metadata);
    if (bytes > outputBytesMax) return errMessage(id, tooLarge(bytes));
  }
  return `{"t":"ok","id":${id},"value":${json}${metadata}${writtenField()}}`;
}

/**
 * Writes a part of an answer.
 *
 * @throws AnswerFault where it cannot be written, or has more than `bytesMax` bytes.
 */
export function writeJson(value: unknown, bytesMax: number): string {
  let json: string;
  try {
    json = stringifyAnswer(value) ?? 'null';
  } catch (thrown) {
    throw new AnswerFault(unserializable(thrown));
  }
  const bytes = json.length * 3 <= bytesMax ? 0 : byteLength(json);
  if (bytes > bytesMax) throw new AnswerFault(tooLarge(bytes));
  return json;
}

/** The message for something thrown. */
export function errMessage(id: number, thrown: Thrown): string {
  return `{"t":"err","id":${id},"code":"${thrown.code}","error":${stringify(thrown.error)}${metadataField(thrown)}${writtenField()}}`;
}

function metadataField({ metadata }: Thrown): string {
  try {
    const json = stringify(metadata);
    return json === undefined || json.length > METADATA_CHARACTERS_MAX ? '' : `,"metadata":${json}`;
  } catch {
    return ''; // The error says more than metadata that cannot be written.
  }
}

/** Metadata travels in the envelope, beside the bounded error text. */
const METADATA_CHARACTERS_MAX = 8_000;

function writtenField(): string {
  const bytes = outputBytes();
  return bytes === 0 ? '' : `,"written":${bytes}`;
}

function unserializable(thrown: unknown): Thrown {
  const { error } = describeThrown(thrown, 'RESULT_UNSERIALIZABLE');
  if (error.name !== 'RangeError') return { code: 'RESULT_UNSERIALIZABLE', error };
  // V8 says so when the value is nested too deep for its writer, or when the text passes 512 MiB.
  if (error.message.includes('call stack')) return { code: 'RESULT_TOO_DEEP', error };
  return { code: error.message.includes('string length') ? 'RESULT_TOO_LARGE' : 'RESULT_UNSERIALIZABLE', error };
}

/** What is wrong with an answer of so many bytes. */
export function tooLarge(bytes: number): Thrown {
  return { code: 'RESULT_TOO_LARGE', error: { name: 'RangeError', message: `the result has ${bytes} bytes of JSON` } };
}
