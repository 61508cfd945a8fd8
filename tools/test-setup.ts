/**
 * Once per test run: the guest and the workshop are built afresh, and the run gets a temporary folder and a mark of its
 * own, by which the leak guard finds at the end whatever it left behind.
 */
import { resolve } from 'node:path';
import { buildBundles } from './build/bundles.ts';
import { assertNothingLeaks, openRun, runEnvironment } from './leak-guard.ts';

/** Prepares the run; vitest calls the returned function when every test file has ended. */
export async function setup(): Promise<() => Promise<void>> {
  await buildBundles(resolve(import.meta.dirname, '..'));
  const run = await openRun();
  Object.assign(process.env, runEnvironment(run));
  return () => assertNothingLeaks(run);
}
