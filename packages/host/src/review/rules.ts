/**
 * The rules of the review, in the order of the documentation. docs/review.md is this list; a test holds both equal.
 */
import type { Rule } from './rule.ts';
import { codeGeneration } from './rules/code-generation.ts';
import { computedAccess } from './rules/computed-access.ts';
import { constructorRuntimeKey } from './rules/constructor-runtime-key.ts';
import { hiddenText } from './rules/hidden-text.ts';
import { importAttribute } from './rules/import-attribute.ts';
import { importDynamic } from './rules/import-dynamic.ts';
import { importEscapes } from './rules/import-escapes.ts';
import { importRefused } from './rules/import-refused.ts';
import { moduleLoader } from './rules/module-loader.ts';
import { processExit } from './rules/process-exit.ts';
import { processInternals } from './rules/process-internals.ts';
import { restrictedGlobal } from './rules/restricted-global.ts';
import { sourceMapEscapes } from './rules/source-map-escapes.ts';
import { stackInspection } from './rules/stack-inspection.ts';
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
];
