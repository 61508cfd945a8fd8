/**
 * A real workshop for tests, as plain Node without a sandbox.
 */
import { fileURLToPath } from 'node:url';
import { systemClock } from '../base/clock.ts';
import { findNativeTools } from './native-tools.ts';
import { WORKSHOP_HEAP_MB, type WorkshopLaunch } from './workshop-launch.ts';
import { createWorkshop, type Workshop, type WorkshopOptions } from './workshop.ts';

/** The built workshop; every test run builds it afresh. */
export const WORKSHOP_FILE = fileURLToPath(new URL('../../dist/workshop.js', import.meta.url));

/** A workshop that `await using` closes. */
export type PlainWorkshop = Workshop & AsyncDisposable;

/** Makes a workshop that ends with the scope. */
export function openPlainWorkshop(
  options: Partial<WorkshopOptions> & { readonly program?: string } = {},
): PlainWorkshop {
  const { program, ...rest } = options;
  const prepare: WorkshopOptions['prepare'] = async () => ({ launch: launch(program), tools: findNativeTools() });
  const workshop = createWorkshop({ prepare, clock: systemClock, ...rest });
  return { ...workshop, [Symbol.asyncDispose]: workshop.close };
}

/** `program` stands in for the workshop: text of a module that misbehaves. */
function launch(program: string | undefined): WorkshopLaunch {
  const what = program === undefined ? [WORKSHOP_FILE] : ['--input-type=module', '-e', program];
  const nothing = (): void => undefined;
  return {
    file: process.execPath,
    args: [`--max-old-space-size=${WORKSHOP_HEAP_MB}`, ...what],
    env: {},
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    didSpawn: nothing,
    release: nothing,
  };
}
