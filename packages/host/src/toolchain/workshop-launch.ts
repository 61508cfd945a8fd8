/**
 * What starting a workshop process takes, whoever makes the command line.
 */

/** What spawn is given; a guest's PreparedLaunch is one. */
export type WorkshopLaunch = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** stdin nothing, stdout and stderr pipes, fd 3 the channel, then what the command asks for. */
  readonly stdio: readonly ('ignore' | 'pipe' | number)[];
  /** Called when spawn has returned or thrown. */
  readonly didSpawn: () => void;
  /** Called when every process of the workshop is dead. */
  readonly release: () => void;
};

/** V8's heap in the workshop, in MiB; the parser and the bundler have their memory beside it. */
export const WORKSHOP_HEAP_MB = 384;
