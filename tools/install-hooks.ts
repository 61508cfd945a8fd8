/**
 * Puts the git hooks of lefthook.yml in place, at the end of `npm ci`. Does nothing in CI and outside a git checkout, and
 * never fails an install: a hook is a comfort, CI is the gate.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

if (process.env['CI'] === undefined && existsSync(join(root, '.git'))) {
  const { status } = spawnSync('lefthook', ['install'], { cwd: root, stdio: 'ignore' });
  if (status !== 0) console.warn('git hooks are not installed; `npx lefthook install` says why');
}
