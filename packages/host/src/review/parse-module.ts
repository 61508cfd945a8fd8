/**
 * Parses one module for the review. TypeScript's and JavaScript's own errors are findings of the author's, with line.
 */
import { posix } from 'node:path';
import { parseSync, type ParseResult } from 'oxc-parser';
import { createMeaning } from './meaning.ts';
import type { ParsedModule } from './rule.ts';
import { createScopes } from './scopes.ts';
import { listNodes, type SyntaxNode } from './syntax.ts';

/** What is parsed: a file, and the permissions that its plugin asks for. */
export type ModuleText = Pick<ParsedModule, 'path' | 'text' | 'asks'>;

/** A module, or its first syntax error with the offset into the text. */
export type ParsedOrNot =
  | { readonly ok: true; readonly module: ParsedModule }
  | { readonly ok: false; readonly start: number; readonly message: string };

/**
 * Parses a module by its ending: `.mjs` and `.mts` as ES modules, `.cjs` and `.cts` as CommonJS, the others as what
 * their text is.
 */
export function parseModule({ path, text, asks }: ModuleText): ParsedOrNot {
  const result = parseAs(path, text);
  const [error] = result.errors;
  if (error !== undefined) return { ok: false, start: error.labels[0]?.start ?? 0, message: error.message };
  const root = result.program as unknown as SyntaxNode; // The parser's own types list each node type; rules take any.
  const nodes = listNodes(root);
  const scopes = createScopes(nodes);
  const meaning = createMeaning(scopes);
  const module: ParsedModule = {
    ...{ path, text, asks, nodes, comments: result.comments, scopes, meaning },
    // Asked late, because few modules are: the parser then lists all imports and exports, to no use of ours.
    get isEsModule() {
      return result.module.hasModuleSyntax;
    },
  };
  return { ok: true, module };
}

function parseAs(path: string, text: string): ParseResult {
  const lang = /\.[cm]?ts$/.test(path) ? 'ts' : 'js';
  const ending = posix.extname(path);
  if (ending.startsWith('.m')) return parseSync(path, text, { lang, sourceType: 'module' });
  if (ending.startsWith('.c')) return parseSync(path, text, { lang, sourceType: 'commonjs' });
  const guessed = parseSync(path, text, { lang, sourceType: 'unambiguous' });
  if (guessed.errors.length === 0 || guessed.module.hasModuleSyntax) return guessed;
  // Without import and export it was read as a script; CommonJS may return at the top, a module may await there.
  const others = (['commonjs', 'module'] as const).map((sourceType) => parseSync(path, text, { lang, sourceType }));
  return others.find((other) => other.errors.length === 0) ?? guessed;
}
