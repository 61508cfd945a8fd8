/**
 * The repository as the tidy checks see it: paths and texts of what git tracks or would track. Checks are pure functions
 * from a tree to findings, so that each is tested on a small tree of its own with the fault planted.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Text by path; paths are relative to the root, with `/`. */
export type Tree = ReadonlyMap<string, string>;

/** What a check has to say about a place. The message ends with the cure. */
export type TidyFinding = { readonly path: string; readonly line: number; readonly message: string };

const TEXT_FILE = /\.(ts|js|mjs|pl|json|md|yml|yaml)$|(^|\/)(run|LICENSE|NOTICE)$/;

/** Reads every text file below the root that git tracks or does not ignore. */
export function readTree(root: string): Tree {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const paths = listed
    .toString('utf8')
    .split('\0')
    .filter((path) => TEXT_FILE.test(path) && isFile(join(root, path)));
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** A path that git still lists may have been removed from the work tree. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Number, from 1, of the line that holds the offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Writes findings as `path:line message`, one a line, as editors and people read them. */
export function formatFindings(findings: readonly TidyFinding[]): readonly string[] {
  return findings.map(({ path, line, message }) => `${path}:${line} ${message}`);
}
