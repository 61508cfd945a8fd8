/**
 * TypeScript and JavaScript modules of the tree with their syntax, parsed once for all checks.
 */
import { type Comment, parseSync, type Program } from 'oxc-parser';
import type { Tree } from './tree.ts';

/** One parsed module. */
export type Module = {
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
};

/** Parses the modules of a tree. Hostile fixtures are left out: they are wrong on purpose. */
export function parseModules(tree: Tree): readonly Module[] {
  const sources = [...tree].filter(([path]) => /\.(ts|js|mjs)$/.test(path) && !path.startsWith('fixtures/'));
  return sources.map(([path, text]) => {
    const { program, comments } = parseSync(path, text);
    return { path, text, program, comments };
  });
}

/** Tells whether a module is a test, or stands beside tests to be used by them. */
export function isTest({ path }: Module): boolean {
  return /\.(test|fixture)\.ts$/.test(path) || path.startsWith('test/');
}
