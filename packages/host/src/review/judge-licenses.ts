/**
 * Licences (F000-14; X000-34): the plugin's own and those of the packages in its bundle against the list of those that let
 * others use, change and pass on the code. It is advice to whoever installs or lists a plugin, and never stops an install.
 */
import type { Dependency, Finding, Manifest } from '@bulkhead/protocol';
import parseExpression from 'spdx-expression-parse';
import { LICENSE_NOT_ALLOWED } from './rules.ts';

/**
 * The one list of licences that pass; all are permissive, none asks that what is built from them be opened.
 *
 * @public
 */
export const ALLOWED_LICENSES: readonly string[] = [
  ...['Apache-2.0', 'MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0'],
  ...['BSL-1.0', 'CC0-1.0', 'CC-BY-4.0', 'Python-2.0', 'Unicode-3.0', 'Unlicense', 'WTFPL', 'Zlib'],
];

const HINT = `Licences that pass: ${ALLOWED_LICENSES.join(', ')}.`;

/** Judges the licences of a plugin. */
export function judgeLicenses(manifest: Manifest, dependencies: readonly Dependency[]): readonly Finding[] {
  return [...ownFindings(manifest.license), ...dependencies.flatMap(dependencyFindings)];
}

/**
 * Tells whether an SPDX expression can be met by licences of the list alone: of `A OR B` one, of `A AND B` both. What is no
 * SPDX expression ("UNLICENSED", "see file") cannot.
 *
 * @public
 */
export function isAllowedLicense(expression: string): boolean {
  try {
    return isMet(parseExpression(expression));
  } catch {
    return false; // No SPDX expression.
  }
}

type Expression = ReturnType<typeof parseExpression>;

function isMet(expression: Expression): boolean {
  // An exception only ever adds to what a licence allows.
  if ('license' in expression) return ALLOWED_LICENSES.includes(expression.license);
  const { conjunction, left, right } = expression;
  return conjunction === 'or' ? isMet(left) || isMet(right) : isMet(left) && isMet(right);
}

const { id, severity } = LICENSE_NOT_ALLOWED;

/** A plugin may be for its author alone and state none; who packs or lists one asks for it. */
function ownFindings(license: string | undefined): readonly Finding[] {
  if (license === undefined || isAllowedLicense(license)) return [];
  const message = `the licence ${JSON.stringify(license)} is not on the list`;
  return [{ id, severity, path: 'plugin.json#/license', line: null, message, hint: HINT }];
}

function dependencyFindings({ name, version, license }: Dependency): readonly Finding[] {
  if (license !== null && isAllowedLicense(license)) return [];
  const shown = version === null ? name : `${name}@${version}`;
  const has =
    license === null ? 'states no licence' : `has the licence ${JSON.stringify(license)}, which is not on the list`;
  const hint = license === null ? 'Ask its author, or use another package.' : HINT;
  return [{ id, severity, path: `node_modules/${name}/package.json`, line: null, message: `${shown} ${has}`, hint }];
}
