/**
 * The prompt of `bulkhead dev`: lines that are typed or piped, and lines that are printed while somebody types. On a terminal
 * what is being typed is taken away, the line printed, and the rest drawn again below it.
 */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { completeDevLine } from './dev-command.ts';

/** Where lines come from and are drawn; `isTerminal` for the prompt, history and completion. */
export type PromptOptions = {
  readonly input: Readable;
  readonly output: Writable;
  readonly isTerminal: boolean;
  readonly prompt: string;
  readonly tools: () => readonly string[];
  /** Lines are worked on one after another. */
  readonly onLine: (line: string) => Promise<void>;
  /** Whoever types has had enough: an interrupt, or the end of input on a terminal. */
  readonly onQuit: () => void;
};

/** The prompt. */
export type Prompt = {
  /** Prints by `print` without leaving what is being typed behind. */
  readonly around: (print: () => void) => void;
  readonly close: () => void;
};

const CLEAR_LINE = '\r\u001B[2K';

/** Opens the prompt. The end of a pipe ends nothing: the server goes on. */
export function openPrompt(options: PromptOptions): Prompt {
  const { input, output, isTerminal, prompt, onQuit } = options;
  const lines = createInterface({
    input,
    ...(isTerminal && { output, prompt }),
    terminal: isTerminal,
    completer: (line: string) => completeDevLine(line, options.tools()),
  });
  let turn = Promise.resolve();
  let isClosed = false;
  const show = (): void => {
    if (isTerminal && !isClosed) lines.prompt(true);
  };
  lines.on('line', (line) => {
    turn = turn.then(() => options.onLine(line)).then(show);
  });
  if (isTerminal) lines.on('SIGINT', onQuit);
  lines.on('close', () => {
    if (isTerminal && !isClosed) onQuit();
    isClosed = true;
  });
  show();
  return {
    around: (print) => {
      if (isTerminal && !isClosed) output.write(CLEAR_LINE);
      print();
      show();
    },
    close: () => {
      isClosed = true;
      lines.close();
    },
  };
}
