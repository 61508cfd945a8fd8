/**
 * Writes a call's answer as JSON, inside the guest, where a cycle or a throwing getter hurts only that call (FAULTS 48).
 */
import { outputBytes } from './output.ts';
import { describeThrown, type Thrown } from './thrown.ts';

// Taken before any plugin code can replace them.
const stringify = JSON.stringify;
const byteLength = Buffer.byteLength.bind(Buffer);

/** What a tool answered: its value, and the metadata of a ToolResult. */
export type Answer = { readonly value: unknown; readonly metadata?: unknown };

/** The message for a result; an `err` message where it cannot be written or is larger than `outputBytesMax`. */
export function okMessage(id: number, answer: Answer, outputBytesMax: number): string {
  let json: string;
  let metadata = '';
  try {
    json = stringify(answer.value) ?? 'null';
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

function tooLarge(bytes: number): Thrown {
  return { code: 'RESULT_TOO_LARGE', error: { name: 'RangeError', message: `the result has ${bytes} bytes of JSON` } };
}
