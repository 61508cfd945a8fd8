/**
 * A command with its files, run as often as asked.
 */
import type { CommandResult, JsonObject, ToolContext } from '@bulkhead/sdk';
import { measured } from './figures.ts';
import type { Executed } from './main.ts';
import type { CommandPayload } from './payload.ts';

/** Runs it; one that does not exit with 0 is an error (F000-47). */
export async function runCommand(payload: CommandPayload, context: Pick<ToolContext, 'run'>): Promise<Executed> {
  const ended = await context.run({ ...payload, outputBytes: OUTPUT_BYTES });
  const error = errorOf(payload.command, ended);
  return { data: dataOf(ended), ...(error !== undefined && { error }) };
}

/** What is kept of stdout and stderr each. */
export const OUTPUT_BYTES: number = 64 * 1024;

/** Says how a command ended where it did not exit with 0. */
export function errorOf(name: string, { exit_code: code, signal, stopped_by: why }: CommandResult): string | undefined {
  if (why === 'timeout') return `${name} ran out of time and was ended`;
  if (why !== null) return `${name} was ended: ${STOPS[why]}`;
  if (signal !== null) return `${name} was ended by ${signal}`;
  return code === 0 ? undefined : `${name} exited with ${code}`;
}

const STOPS = {
  memory: 'it wanted more memory than it may have',
  output: 'it said more than it may',
  files: 'it wrote more than it may',
  supervisor: 'it ended the process that measures it',
} as const;

function dataOf(ended: CommandResult): JsonObject {
  const { exit_code, signal, timed_out, stopped_by, stdout, stderr, is_clipped, runs, files } = ended;
  const decoder = new TextDecoder();
  const texts = Object.entries(files).map(([name, bytes]) => [name, decoder.decode(bytes)] as const);
  return {
    ...{ exit_code, signal, timed_out, stopped_by, stdout, stderr, is_clipped },
    ...measured(runs),
    files: Object.fromEntries(texts),
  };
}
