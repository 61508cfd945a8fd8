/**
 * Commands that a plugin has run in a sandbox of its own.
 */
import type { CommandAnswer, CommandRun } from '@bulkhead/protocol';

/**
 * One command. Nothing of it is read by a shell: `args` reach the program as they are.
 *
 * @public
 */
export interface CommandRequest {
  /**
   * `node`, which is the host's own; a program of the machine by its name, such as `rustc`, where the system's folders have it; or a
   * file of the folder as `./name`.
   */
  readonly command: string;
  /**
   * Name of an image that the docker daemon of the machine has, such as `node:26`: the command runs in a container of it instead, and is a
   * program of the image, also where it is `node`. At most 255 characters; nothing is fetched.
   */
  readonly image?: string;
  /** At most 1,024, of 64 KiB together. */
  readonly args?: readonly string[];
  /**
   * What the new folder holds when the program begins in it, each file executable: content by relative path with `/`. At most 256, of 8 MiB
   * together; what crosses to the host is bounded by `limits.output_bytes` of plugin.json, too.
   */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** At most 1 MiB. */
  readonly stdin?: string;
  /** Files that are read when all is over, by their paths; 8 MiB together. Links are not followed. */
  readonly collect?: readonly string[];
  /** Of one run; 60,000 where it is left out, 600,000 at most, and never beyond the call that asks. */
  readonly timeoutMs?: number;
  /** 1,024 where it is left out, 4,096 at most. */
  readonly memoryMb?: number;
  /** Processes and threads; 128 where it is left out, which is the most. */
  readonly pids?: number;
  /** What is kept of stdout, and of stderr; 64 KiB where it is left out, 1 MiB at most. */
  readonly outputBytes?: number;
  /** How often it is run, one after another, each time in a new folder; 100 at most. One that does not exit with 0 is the last. */
  readonly repeats?: number;
}

/**
 * How the last run ended and what it said, and the figures of all runs; `files` holds what was collected, without those that are not
 * there.
 *
 * @public
 */
export type CommandResult = CommandRun &
  Pick<CommandAnswer, 'stdout' | 'stderr' | 'is_clipped' | 'runs'> & {
    readonly files: Readonly<Record<string, Uint8Array>>;
  };

/**
 * Runs a command in a sandbox of its own, and resolves with how it ended: a program that fails, is too slow or takes too much memory is
 * a result. It sees a new folder, which is its working directory and goes when it is over, the machine's programs and their libraries,
 * and nothing else: no network, no environment but PATH, HOME, TMPDIR and LANG, no file of the host or of anybody else. At tier `jail` it may
 * start processes, all of which end with it; at tier `confined` it may not. With `image` it runs in a container, at any tier: it sees the files
 * of the image, of which it can write none, and its folder, and may start processes; the environment is the image's with HOME, TMPDIR and LANG.
 *
 * Needs the permission `children`. It rejects with an Error that has `kind` and `code`: `PERMISSION_NOT_GRANTED`; `COMMAND_UNAVAILABLE`
 * where the sandbox of the machine is too weak or has no such program, or no docker daemon answers or has such an image, with the cure in its message; `SERVICE_ASK_INVALID` and
 * `SERVICE_QUOTA_EXCEEDED` for what is beyond a bound; `HOST_OVERLOADED` where 64 of the tenant wait already, four being run at once;
 * `CALL_TIMEOUT` and `CALL_CANCELLED` with the call that asks.
 *
 * @public
 */
export type RunCommand = (request: CommandRequest) => Promise<CommandResult>;
