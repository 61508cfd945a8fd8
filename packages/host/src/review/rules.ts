/**
 * The rules of the review, in the order of the documentation. docs/review.md is this list; a test holds both equal.
 */
import type { FindingSeverity } from '@bulkhead/protocol';
import type { Rule, RuleWords } from './rule.ts';
import { childUnbounded } from './rules/child-unbounded.ts';
import { codeGeneration } from './rules/code-generation.ts';
import { computedAccess } from './rules/computed-access.ts';
import { constructorRuntimeKey } from './rules/constructor-runtime-key.ts';
import { hiddenText } from './rules/hidden-text.ts';
import { importAttribute } from './rules/import-attribute.ts';
import { importDynamic } from './rules/import-dynamic.ts';
import { importEscapes } from './rules/import-escapes.ts';
import { importRefused } from './rules/import-refused.ts';
import { moduleLoader } from './rules/module-loader.ts';
import { networkUnasked } from './rules/network-unasked.ts';
import { obfuscatedCode } from './rules/obfuscated-code.ts';
import { processExit } from './rules/process-exit.ts';
import { processInternals } from './rules/process-internals.ts';
import { restrictedGlobal } from './rules/restricted-global.ts';
import { sizeUnbounded } from './rules/size-unbounded.ts';
import { sourceMapEscapes } from './rules/source-map-escapes.ts';
import { stackInspection } from './rules/stack-inspection.ts';
import { tempOutside } from './rules/temp-outside.ts';
import { topLevelThis } from './rules/top-level-this.ts';
import { withStatement } from './rules/with-statement.ts';

/** All rules; two may share an id where they find the same thing in different ways. */
export const RULES: readonly Rule[] = [
  importRefused,
  importDynamic,
  importAttribute,
  importEscapes,
  moduleLoader,
  processInternals,
  computedAccess,
  codeGeneration,
  withStatement,
  hiddenText,
  sourceMapEscapes,
  constructorRuntimeKey,
  restrictedGlobal,
  processExit,
  stackInspection,
  topLevelThis,
  networkUnasked,
  sizeUnbounded,
  tempOutside,
  childUnbounded,
  obfuscatedCode,
];

/** The licence rule, which looks at manifests instead of modules. */
export const LICENSE_NOT_ALLOWED: RuleWords = {
  id: 'LICENSE_NOT_ALLOWED',
  severity: 'warning',
  about: 'the plugin, or a package in its bundle, has a licence that is not on the list; or a package states none',
  binds: 'nothing: whoever installs it, or admits it to an index, decides',
};

/** What is found beside the rules, by the steps around them: files, manifest, bundle, what is missing here. */
export const OTHER_FINDINGS: readonly Omit<RuleWords, 'binds'>[] = [
  {
    id: 'SOURCE_ESCAPES',
    severity: 'error',
    about: 'a file or folder of the author’s is a symbolic link; its bytes are not read',
  },
  {
    id: 'SOURCE_TOO_LARGE',
    severity: 'error',
    about: 'the folder has more files, bytes or levels than are read',
  },
  {
    id: 'MANIFEST_INVALID',
    severity: 'error',
    about: 'plugin.json is missing, no JSON, too large or too deep, names a key twice, or does not fit the schema',
  },
  { id: 'PARSE_ERROR', severity: 'error', about: 'a module has a syntax error' },
  { id: 'REVIEW_LIMIT', severity: 'error', about: 'a file that is imported is larger than an author file may be' },
  {
    id: 'BUNDLE_FAILED',
    severity: 'error',
    about: 'an import or an entry point names a file or an export that is not there',
  },
  {
    id: 'PACKAGE_MISSING',
    severity: 'error',
    about: 'an import names a package that is not in node_modules, so that nothing can be bundled or loaded',
  },
  {
    id: 'TYPE_ERROR',
    severity: 'error',
    about:
      'the TypeScript compiler says so, by the tsconfig.json of the folder or else without `strict`; an install does not look at types',
  },
  {
    id: 'BUNDLE_ESCAPES',
    severity: 'warning',
    about: 'tsconfig.json extends a file outside the folder; no tsconfig is honoured in any case',
  },
  {
    id: 'REQUIREMENT_MISSING',
    severity: 'warning',
    about: 'a command, file, variable or plugin that it needs is not here; it may be where it will run',
  },
];

/**
 * One rule as others show it: everything that may be found under one id.
 *
 * @public
 */
export type ReviewRule = { readonly id: string; readonly severity: FindingSeverity; readonly about: string };

/**
 * Lists every id that a review may find, once each, with its greatest severity and all that it stands for.
 *
 * @public
 */
export function reviewRules(): readonly ReviewRule[] {
  const rules = new Map<string, ReviewRule>();
  for (const { id, severity, about } of [...RULES, LICENSE_NOT_ALLOWED, ...OTHER_FINDINGS]) {
    const before = rules.get(id);
    rules.set(id, {
      id,
      severity: before?.severity ?? severity,
      about: before === undefined ? about : `${before.about}; ${about}`,
    });
  }
  return [...rules.values()];
}
