/**
 * What came of a command that a plugin had run in a sandbox of its own (`context.run`), as the host answers it.
 */

/**
 * Why the host ended a run before its program did: `timeout`, its time was up; `memory`, more than it may hold; `output`, more than
 * it may say; `files`, more than its folder may hold; `supervisor`, it ended the process that measures it.
 *
 * @public
 */
export type CommandStop = 'timeout' | 'memory' | 'output' | 'files' | 'supervisor';

/**
 * One run. `wall_ms` is from the program's start to its end; `cpu_ms`, user and system, and `peak_rss_bytes` are the kernel's own
 * figures: the sum of all processes of the run, and the largest of them. Where the run was stopped for another reason than
 * `timeout` they are samples, or null where none was taken.
 *
 * @public
 */
export type CommandRun = {
  /** Null where a signal ended it. */
  readonly exit_code: number | null;
  /** Such as `SIGKILL`; null where it exited. */
  readonly signal: string | null;
  readonly timed_out: boolean;
  /** Null where it ended by itself. */
  readonly stopped_by: CommandStop | null;
  readonly wall_ms: number;
  readonly cpu_ms: number | null;
  readonly peak_rss_bytes: number | null;
};

/**
 * The last run, all runs, and what the last one left.
 *
 * @public
 */
export type CommandAnswer = CommandRun & {
  /** As UTF-8, clipped at the bytes that were asked for. */
  readonly stdout: string;
  readonly stderr: string;
  /** Whether something of them was left out. */
  readonly is_clipped: boolean;
  /** Each run in turn; fewer than were asked for where one did not exit with 0. */
  readonly runs: readonly CommandRun[];
  /** Bytes of the collected files in base64; null for one that is not there, is a link, or is no file. */
  readonly files: Readonly<Record<string, string | null>>;
};
