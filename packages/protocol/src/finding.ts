/**
 * What a review says about a plugin folder, the same in an install, `bulkhead check` and the admin plane.
 *
 * @public
 */
export type FindingSeverity = 'error' | 'warning' | 'info';

/**
 * One finding. `path` is relative to the plugin folder (a JSON path such as `plugin.json#/limits/timeout_ms` for the
 * manifest); `line` counts from 1 and is null where there is none; `hint` is the next step.
 *
 * @public
 */
export type Finding = {
  readonly id: string;
  readonly severity: FindingSeverity;
  readonly path: string;
  readonly line: number | null;
  readonly message: string;
  readonly hint: string;
};

/**
 * Tells whether the findings stop an install.
 *
 * @public
 */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error');
}
