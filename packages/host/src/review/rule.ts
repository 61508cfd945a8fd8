/**
 * What a rule of the review is, and what it may look at. A rule judges one module by its text and by
 * what the plugin asks for: it knows no other file, and what it overlooks is caught by the sandbox, which is what binds.
 */
import type { FindingSeverity } from '@bulkhead/protocol';
import type { Meaning } from './meaning.ts';
import type { ModuleRequest } from './module-requests.ts';
import type { Scopes } from './scopes.ts';
import type { PlacedNode } from './syntax.ts';

/**
 * A module, parsed. Offsets count UTF-16 units of `text`; `nodes` and `comments` are in source order. `asks` are the
 * manifest's `required_permissions` and `optional_permissions`.
 */
export type ParsedModule = {
  readonly path: string;
  readonly text: string;
  readonly asks: readonly string[];
  readonly nodes: readonly PlacedNode[];
  readonly isEsModule: boolean;
  readonly comments: readonly Comment[];
  readonly scopes: Scopes;
  readonly meaning: Meaning;
};

/** A comment without its marks; offsets of the whole, marks included. */
export type Comment = { readonly value: string; readonly start: number; readonly end: number };

/** What a rule found; `start` is an offset into the text. */
export type Hit = { readonly start: number; readonly message: string; readonly hint: string };

/**
 * One rule. A rule that looks at nodes is handed those of its `types` (as the parser names them) and no others. Its severity holds in the author's own files; in files of dependencies an error becomes a warning.
 * `about` is its row in the documentation, and `binds` says there what comes of the same code at run time, whatever the
 * review said of it.
 */
export type Rule = RuleWords &
  (
    | {
        readonly looksAt: 'node';
        readonly types: readonly string[];
        readonly check: (placed: PlacedNode, module: ParsedModule) => Hit | undefined;
      }
    | { readonly looksAt: 'request'; readonly check: (request: ModuleRequest, module: ParsedModule) => Hit | undefined }
    | { readonly looksAt: 'text'; readonly check: (module: ParsedModule) => readonly Hit[] }
  );

/** What is written about a rule. */
export type RuleWords = {
  readonly id: string;
  readonly severity: FindingSeverity;
  readonly about: string;
  readonly binds: string;
};
