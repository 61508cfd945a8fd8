/**
 * The command line from arguments to exit code. It is the only part of the platform that ends its process.
 */
import type { Finding } from '@bulkhead/protocol';
import { CommanderError } from 'commander';
import { isCodedError } from './coded-error.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { fileErrorOf } from './file-error.ts';
import { createProgram } from './program.ts';
import { openTerminal, watchOutput, type Terminal } from './terminal.ts';
import { RemoteError } from './remote/remote-error.ts';
import { plain } from './table.ts';
import { UsageError } from './usage-error.ts';

/** Runs the command line and ends the process with its exit code. */
export async function main(args: readonly string[]): Promise<never> {
  const terminal = openTerminal({ stdout: process.stdout, stderr: process.stderr, env: process.env });
  const didWrite = watchOutput({ stdout: process.stdout, stderr: process.stderr }, () => process.exit(EXIT_FAILED));
  const exitCode = await runVerb(args, terminal);
  await didWrite();
  process.exit(exitCode);
}

/** Runs one verb to its end and answers the exit code; never throws. */
export async function runVerb(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = EXIT_OK;
  const program = createProgram(terminal, (code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error, terminal);
  }
}

/** Says what went wrong in one or two lines; only a bug of ours shows its stack. */
function explain(error: unknown, { say, talkColors }: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE; // Commander has spoken.
  if (error instanceof UsageError || error instanceof RemoteError || isCodedError(error)) {
    const code = error instanceof UsageError ? '' : ` (${error.code})`;
    say(`${talkColors.red('bulkhead:')} ${plain(error.message)}${plain(code)}`);
    for (const line of 'findings' in error ? error.findings.map(findingLine) : []) say(line);
    if (error.hint !== undefined) say(talkColors.dim(plain(error.hint)));
    if (error instanceof RemoteError) return error.exitCode;
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
  const fileError = fileErrorOf(error);
  if (fileError !== undefined) {
    say(`${talkColors.red('bulkhead:')} ${plain(fileError.message)}`);
    say(talkColors.dim(fileError.hint));
    return fileError.isUsage ? EXIT_USAGE : EXIT_FAILED;
  }
  say(
    `bulkhead: this should not have happened; please report it\n${error instanceof Error ? error.stack : String(error)}`,
  );
  return EXIT_FAILED;
}

function findingLine({ path, line, severity, id, message }: Finding): string {
  return plain(`  ${path}${line === null ? '' : `:${line}`}  ${severity}  ${id}  ${message}`);
}
