/**
 * Starts the workshop without a sandbox: Node with a bounded heap. What a host does until it knows its tier, and what
 * remains where no tier can be had; see workshop-launch.ts for the sandboxed way.
 */
import { fileURLToPath } from 'node:url';

/** What spawn is given; a guest's PreparedLaunch is one. */
export type WorkshopLaunch = {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** stdin nothing, stdout and stderr pipes, fd 3 the channel, then what the command asks for. */
  readonly stdio: readonly ('ignore' | 'pipe' | number)[];
  /** Call it when spawn has returned or thrown. */
  readonly didSpawn: () => void;
  /** Call it when every process of the workshop is dead. */
  readonly release: () => void;
};

/** V8's heap in the workshop, in MiB; the parser and the bundler have their memory beside it. */
export const WORKSHOP_HEAP_MB = 384;

/** The built workshop, found from the source as from the built host. */
export function workshopFile(): string {
  const here = import.meta.url.endsWith('.ts') ? '../../dist/workshop.js' : '../workshop.js';
  return fileURLToPath(new URL(here, import.meta.url));
}

/** Makes the command. */
export function plainLaunch(nodePath: string = process.execPath): WorkshopLaunch {
  const nothing = (): void => undefined;
  return {
    file: nodePath,
    args: [`--max-old-space-size=${WORKSHOP_HEAP_MB}`, '--disable-sigusr1', workshopFile()],
    env: {},
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    didSpawn: nothing,
    release: nothing,
  };
}
