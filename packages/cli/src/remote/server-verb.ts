/**
 * What every verb that asks a server has in common: the options that say which, and how its answer is printed.
 */
import { Option, type Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import type { RemoteOptions } from './remote.ts';

/** Where verbs are added; `exit` is told an exit code other than 0. */
export type VerbContext = {
  readonly program: Command;
  readonly terminal: Terminal;
  readonly exit: (code: number) => void;
};

/** Options that every verb of a server takes. */
export type ServerOptions = RemoteOptions & { readonly json?: boolean };

/** Adds the options that say which server is asked, and as whom. */
export function asksServer(command: Command): Command {
  return namesServer(command.option('--json', 'print the answer as one line of JSON, and nothing else'));
}

/** The same without `--json`, for verbs whose answer is not the server's. */
export function namesServer(command: Command): Command {
  return command
    .addOption(serverOption('--server <url>', 'default: BULKHEAD_SERVER, or http://127.0.0.1:7070'))
    .addOption(
      serverOption(
        '--token <text>',
        'others on the machine can see it; default: BULKHEAD_TOKEN, or the token file of --data',
      ),
    )
    .addOption(serverOption('--data <dir>', 'data folder of a server on this machine (default: .bulkhead)'));
}

/** Adds also the option that says for which tenant the platform token acts. */
export function asksForTenant(command: Command): Command {
  return namesTenant(asksServer(command));
}

/** Adds that option alone. */
export function namesTenant(command: Command): Command {
  return command.addOption(
    serverOption('--tenant <tenant>', 'id or name; for whom the platform token acts (default: default)'),
  );
}

function serverOption(flags: string, about: string): Option {
  return new Option(flags, about).helpGroup('Server:');
}

/** Writes examples as they stand below a help text. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** Prints an answer: as one line of JSON where that was asked for, else as `show` does for people. */
export function print<Value>(
  { terminal, options }: { readonly terminal: Terminal; readonly options: ServerOptions },
  value: Value,
  show: (value: Value, terminal: Terminal) => void,
): void {
  if (options.json === true) terminal.result(JSON.stringify(value));
  else show(value, terminal);
}
