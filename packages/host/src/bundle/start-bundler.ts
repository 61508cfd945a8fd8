/**
 * Starts the bundler's own process ahead of the first bundling. It needs some 30 ms to come up, in which whoever will want
 * it can do something else.
 */
import { transform } from 'esbuild';

/** Starts it before this returns; resolves when it answers. Where it runs already, it only answers. Never rejects. */
export async function startBundler(): Promise<void> {
  try {
    await transform('');
  } catch {
    // Nothing is lost: a bundling that needs it meets the same and says so.
  }
}
