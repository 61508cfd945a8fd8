/**
 * Prints a run while it goes on: what the model says as the result, what it thinks and which tools it has called as talk.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import type { Terminal } from '../terminal.ts';

/** Hears the chunks of a run. */
export type AgentPrinter = {
  readonly tell: (chunk: JsonObject) => Promise<void>;
  /** Begins a new line where text stands in the last one. */
  readonly end: () => Promise<void>;
};

const SHOWN_CHARACTERS = 200;

/** Makes a printer. */
export function createAgentPrinter({ write, say, talkColors }: Terminal): AgentPrinter {
  let isLineOpen = false;
  let thought = '';

  async function end(): Promise<void> {
    if (isLineOpen) await write('\n');
    isLineOpen = false;
  }

  async function talk(line: string): Promise<void> {
    await end();
    say(talkColors.dim(line));
  }

  async function tell(chunk: JsonObject): Promise<void> {
    switch (textOf(chunk['type'])) {
      case 'text-delta': {
        const delta = textOf(chunk['delta']);
        isLineOpen = !delta.endsWith('\n');
        return write(delta);
      }
      case 'text-end':
        return end();
      case 'reasoning-delta':
        thought += textOf(chunk['delta']);
        return undefined;
      case 'reasoning-end': {
        const line = `| ${clip(thought)}`;
        thought = '';
        return talk(line);
      }
      case 'tool-input-available':
        return talk(`> ${textOf(chunk['toolName'])} ${shown(chunk['input'])}`);
      case 'tool-output-available':
        return talk(`< ${shown(chunk['output'])}`);
      case 'tool-output-error':
        return talk(`< ${talkColors.red('error')} ${clip(textOf(chunk['errorText']))}`);
      case 'tool-output-denied':
        return talk('< not allowed');
    }
  }

  return { tell, end };
}

/** A value on one line. */
export function shown(value: JsonValue | undefined): string {
  return clip(typeof value === 'string' ? value : JSON.stringify(value ?? null));
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function clip(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)}…`;
}
