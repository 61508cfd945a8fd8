/**
 * The browser that pages are tested in: Chromium as Debian has it, or the one that `BULKHEAD_TEST_BROWSER` names. Run as a program, it
 * installs Debian's where there is none and whoever runs it is root, as in a fresh container; anybody else is told how.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const CURE = 'install one with `apt-get install chromium`, or name yours in BULKHEAD_TEST_BROWSER';

/** Path of the browser; undefined where there is none. */
export function findBrowser(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const named = env['BULKHEAD_TEST_BROWSER'];
  return named ?? PLACES.find((place) => existsSync(place));
}

/** The same. @throws {Error} with the cure where there is none. */
export function browserPath(): string {
  const found = findBrowser();
  if (found === undefined) throw new Error(`there is no browser to look at pages with; ${CURE}`);
  return found;
}

function installBrowser(): void {
  if (findBrowser() !== undefined) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    process.stderr.write(`No browser was found, and the tests of pages will fail: ${CURE}.\n`);
    return;
  }
  process.stderr.write('No browser was found; installing chromium ...\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '--yes', '--quiet', '--no-install-recommends', 'chromium'];
  for (const words of [['update', '--quiet'], install]) {
    const { status } = spawnSync('apt-get', words, { stdio: ['ignore', 'ignore', 'inherit'], env });
    if (status !== 0) process.stderr.write(`apt-get ${words[0]} ended with ${status}; ${CURE}.\n`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) installBrowser();
