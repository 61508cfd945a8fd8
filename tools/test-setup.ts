/**
 * Once per test run: all code that is run from its build is built afresh, and the run gets a temporary folder and a mark of its
 * own, by which the leak guard finds at the end whatever it left behind.
 */
import { resolve } from 'node:path';
import { buildBundles } from './build/bundles.ts';
import { bundleHandlers } from './build/own-handlers.ts';
import { copyStandIns } from './build/stand-ins.ts';
import { assertNothingLeaks, openRun, runEnvironment } from './leak-guard.ts';

/** Prepares the run; vitest calls the returned function when every test file has ended. */
export async function setup(): Promise<() => Promise<void>> {
  const root = resolve(import.meta.dirname, '..');
  await bundleHandlers(root);
  await copyStandIns(root);
  await buildBundles(root); // Ends the bundler's process, too.
  const run = await openRun();
  Object.assign(process.env, runEnvironment(run));
  return () => assertNothingLeaks(run);
}
