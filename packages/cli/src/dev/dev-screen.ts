/**
 * The screen of `bulkhead dev` and `bulkhead debug`: events as they come, and the lines that are typed or piped, obeyed one after
 * another.
 */
import { sampleOf } from '../sample-params.ts';
import type { Terminal } from '../terminal.ts';
import { DEV_COMMANDS, parseDevCommand } from './dev-command.ts';
import { devLines, type DevEvent } from './dev-event.ts';
import { openPrompt, type Prompt } from './dev-prompt.ts';
import type { DevSession } from './dev-session.ts';

/** What lines may ask for. */
export type DevActs = { readonly read: () => Promise<void>; readonly quit: () => void };

/** Where events are shown, and lines come from. */
export type DevScreen = {
  readonly tell: (event: DevEvent) => void;
  /** Begins to take lines. */
  readonly open: (session: DevSession, acts: DevActs) => void;
  readonly close: () => void;
};

/** Makes the screen; `isJson` shows each event as one line of JSON, and no prompt. */
export function createDevScreen(isJson: boolean, terminal: Terminal): DevScreen {
  let prompt: Prompt | undefined;
  const print = (event: DevEvent): void => {
    if (isJson) return terminal.result(JSON.stringify(event));
    for (const line of devLines(event, terminal.colors)) terminal.result(line);
  };
  const tell = (event: DevEvent): void => (prompt === undefined ? print(event) : prompt.around(() => print(event)));
  return {
    tell,
    open: (session, acts) => {
      const { stdin, stdout } = process;
      prompt = openPrompt({
        input: stdin,
        output: stdout,
        isTerminal: stdin.isTTY && stdout.isTTY && !isJson,
        prompt: '> ',
        tools: () => session.tools().map(({ name }) => name),
        onLine: (line) => obey(line, { session, acts, tell }),
        onQuit: acts.quit,
      });
    },
    close: () => prompt?.close(),
  };
}

type Obeying = { readonly session: DevSession; readonly acts: DevActs; readonly tell: DevScreen['tell'] };

async function obey(line: string, { session, acts, tell }: Obeying): Promise<void> {
  const say = (lines: readonly string[]): void => tell({ event: 'said', lines });
  const tools = session.tools();
  const command = parseDevCommand(
    line,
    tools.map(({ name }) => name),
  );
  switch (command.kind) {
    case 'nothing':
      return;
    case 'wrong':
      return say([command.message]);
    case 'help':
      return say(['NAME {"a":1}  calls a tool', ...Object.entries(DEV_COMMANDS).map((row) => row.join('  '))]);
    case 'tools':
      return say(tools.map((tool) => `${tool.name} ${JSON.stringify(sampleOf(tool.parameters))}  ${tool.description}`));
    case 'logs':
      for (const one of session.lastLines(command.linesMax)) tell({ event: 'log', ...one });
      return;
    case 'reload':
      return acts.read();
    case 'quit':
      return acts.quit();
    case 'call': {
      const outcome = await session.call(command.tool, command.params);
      if (outcome !== undefined) tell({ event: 'outcome', tool: command.tool, outcome });
    }
  }
}
