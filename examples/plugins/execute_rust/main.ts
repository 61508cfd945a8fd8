/**
 * Executes Rust as tasks: compiles the source in one sandbox, and runs the program in others, where it is measured. Written from
 * docs/PLUGIN_SDK.md alone, as anybody outside of the project would.
 *
 * Payload: `lang` "rust", `source` (a program with a main, one file), and where they are wanted `stdin`, `args`, `repeats`, `timeout_ms`.
 */
import {
  Result,
  TaskHandler,
  TaskKind,
  type CommandResult,
  type JsonObject,
  type Task,
  type ToolContext,
} from '@bulkhead/sdk';

type Program = {
  readonly source: string;
  readonly stdin: string;
  readonly args: readonly string[];
  readonly repeats: number;
  readonly timeoutMs: number;
};

const SOURCE_BYTES_MAX = 204_800;
const COMPILE_MS = 60_000;
/** Without the names of symbols a small program is 400 kB instead of 4 MB. */
const COMPILER_ARGS = ['--edition=2021', '-C', 'opt-level=3', '-C', 'strip=symbols', '-o', 'program', 'main.rs'];

export class ExecuteRustHandler extends TaskHandler {
  readonly KIND = TaskKind.EXECUTE;
  readonly PROVIDES = ['cpu', 'docker', 'rust'];

  override dispatch(task: Task): boolean {
    return task.kind === this.KIND && task.payload['lang'] === 'rust';
  }

  override async handle(task: Task, { run }: ToolContext): Promise<Result> {
    const program = read(task.payload);
    if (typeof program === 'string') return Result.error(task, program);
    const { source, repeats, ...given } = program;
    try {
      const files = { 'main.rs': source };
      const built = await run({
        command: 'rustc',
        args: COMPILER_ARGS,
        files,
        collect: ['program'],
        timeoutMs: COMPILE_MS,
      });
      const binary = built.files['program'];
      if (built.exit_code !== 0 || binary === undefined) return failed(task, 'rustc', built);
      const ended = await run({ command: './program', files: { program: binary }, repeats, ...given });
      if (ended.exit_code !== 0) return failed(task, 'the program', ended);
      return Result.ok(task, { ...said(ended), compile_ms: built.wall_ms, binary_bytes: binary.length });
    } catch (error) {
      // What the host refuses says itself whether another attempt is worth it.
      const { message, retryable } = error as Error & { readonly retryable?: boolean };
      return Result.error(task, message, { retryable: retryable === true });
    }
  }
}

export default {};

/** What the task asks for, or in words what is wrong with it. */
function read({
  source,
  stdin = '',
  args = [],
  repeats = 1,
  timeout_ms: timeoutMs = 10_000,
}: JsonObject): Program | string {
  if (typeof source !== 'string') return 'source is missing; expected the text of a program';
  const bytes = new TextEncoder().encode(source).length;
  if (bytes > SOURCE_BYTES_MAX) return `source has ${bytes} bytes; expected at most ${SOURCE_BYTES_MAX}`;
  if (typeof stdin !== 'string') return 'stdin is no text';
  if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string')) return 'args is no list of texts';
  if (!isCount(repeats, 100)) return 'repeats is no integer from 1 to 100';
  if (!isCount(timeoutMs, 60_000)) return 'timeout_ms is no integer from 1 to 60000';
  return { source, stdin, args, repeats, timeoutMs };
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

/** A program that fails does so again. */
function failed(task: Task, who: string, ended: CommandResult): Result {
  const how = ended.timed_out ? 'ran out of time' : `ended with ${ended.signal ?? `exit code ${ended.exit_code}`}`;
  const refusal = Result.error(task, `${who} ${how}`);
  return { ...refusal, data: { ...said(ended), ...refusal.data } };
}

function said({ exit_code, signal, timed_out, stdout, stderr, runs }: CommandResult): JsonObject {
  return {
    ...{ exit_code, signal, timed_out, stdout, stderr },
    wall_ms: runs.map(({ wall_ms }) => wall_ms),
    cpu_ms: runs.map(({ cpu_ms }) => cpu_ms),
    peak_rss_bytes: runs.map(({ peak_rss_bytes }) => peak_rss_bytes),
  };
}
