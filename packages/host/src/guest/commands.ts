/**
 * `context.run`, as a message to the host, which runs the command in a sandbox or container of its own. Bytes travel in base64.
 */
import type { CommandAnswer, CommandRun, JsonObject } from '@bulkhead/protocol';
import type { Ask } from './services.ts';

/** A command as a plugin asks for it. */
export type CommandRequest = {
  readonly command: string;
  readonly args?: readonly string[];
  readonly image?: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly stdin?: string;
  readonly collect?: readonly string[];
  readonly timeoutMs?: number;
  readonly memoryMb?: number;
  readonly pids?: number;
  readonly outputBytes?: number;
  readonly repeats?: number;
};

/** What came of it; a collected file that is not there is left out. */
export type CommandResult = CommandRun &
  Pick<CommandAnswer, 'stdout' | 'stderr' | 'is_clipped' | 'runs'> & {
    readonly files: Readonly<Record<string, Uint8Array>>;
  };

/** Runs one command. */
export type RunCommand = (request: CommandRequest) => Promise<CommandResult>;

// Taken before any plugin code can replace them.
const { entries, fromEntries } = Object;
const from = Buffer.from.bind(Buffer) as (
  bytes: string | ArrayBufferLike,
  as: BufferEncoding | number,
  length?: number,
) => Buffer; // Two overloads.

/** Makes it. */
export function createRunCommand(ask: Ask): RunCommand {
  return async ({ files, timeoutMs, memoryMb, outputBytes, ...request }) => {
    const args: Record<string, unknown> = {
      ...request,
      ...(files !== undefined && { files: entries(files).map(([name, content]) => fileOf(name, content)) }),
      ...(timeoutMs !== undefined && { timeout_ms: timeoutMs }),
      ...(memoryMb !== undefined && { memory_mb: memoryMb }),
      ...(outputBytes !== undefined && { output_bytes: outputBytes }),
    };
    const answer = (await ask('commands', 'run', args as JsonObject)) as unknown as CommandAnswer; // The host's own.
    return { ...answer, files: filesOf(answer.files) };
  };
}

function fileOf(name: string, content: string | Uint8Array): JsonObject {
  if (typeof content === 'string') return { name, text: content };
  return { name, base64: from(content.buffer, content.byteOffset, content.byteLength).toString('base64') };
}

function filesOf(files: CommandAnswer['files']): CommandResult['files'] {
  return fromEntries(
    entries(files).flatMap(([name, base64]) =>
      base64 === null ? [] : [[name, new Uint8Array(from(base64, 'base64'))] as const],
    ),
  );
}
