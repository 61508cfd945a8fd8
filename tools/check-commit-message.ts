/**
 * Refuses a commit whose message does not say what tools/tidy/commit-message.ts asks for. The commit-msg hook calls it with
 * the message's file; CI calls it with `--range A..B`, for every commit of a pull request.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { checkCommitMessage, checkSurfaceNote } from './tidy/commit-message.ts';

const TESTS = ['--', '*.test.ts'];

const [first = '', range = ''] = process.argv.slice(2);
const findings = first === '--range' ? checkRange(range) : checkFile(first);
for (const finding of findings) console.error(finding);
if (findings.length > 0) process.exitCode = 1;

function checkFile(path: string): readonly string[] {
  const message = readFileSync(path, 'utf8');
  const changed = testsIn(git('diff', '--cached', '--numstat', ...TESTS));
  return [
    ...checkCommitMessage(message, changed),
    ...checkSurfaceNote(linesOf(git('diff', '--cached', '--name-only'))),
  ];
}

function checkRange(commits: string): readonly string[] {
  const hashes = git('rev-list', '--no-merges', commits).split('\n').filter(Boolean);
  return hashes.flatMap((hash) => {
    const message = git('log', '-1', '--format=%B', hash);
    const changed = testsIn(git('show', '--format=', '--numstat', hash, ...TESTS));
    const paths = linesOf(git('show', '--format=', '--name-only', hash));
    return [...checkCommitMessage(message, changed), ...checkSurfaceNote(paths)].map(
      (finding) => `${hash.slice(0, 9)}: ${finding}`,
    );
  });
}

/** Paths of a numstat whose second column, removed lines, is not zero. */
function testsIn(numstat: string): readonly string[] {
  const rows = numstat.split('\n').map((row) => row.split('\t'));
  return rows.flatMap(([, removed, path]) => (path !== undefined && removed !== '0' ? [path] : []));
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter(Boolean);
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' });
}
