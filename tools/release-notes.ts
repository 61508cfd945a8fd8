/**
 * Moves the notes of changes/ into CHANGELOG.md as a release of today: `npm run changelog -- VERSION`.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { addRelease } from './tidy/changelog.ts';

const root = resolve(import.meta.dirname, '..');
const [version] = process.argv.slice(2);
if (version === undefined) {
  console.error('usage: npm run changelog -- VERSION');
  process.exitCode = 2;
} else {
  release(version);
}

function release(next: string): void {
  const paths = readdirSync(join(root, 'changes'))
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => join(root, 'changes', name));
  const notes = new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
  const changelog = join(root, 'CHANGELOG.md');
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(changelog, addRelease(readFileSync(changelog, 'utf8'), { version: next, day, notes }));
  for (const path of paths) rmSync(path);
}
