/**
 * Reads findings that a workshop sent. It reviews hostile text, so what it says is bounded and cleaned like a guest's.
 */
import { isJsonObject, type Finding, type FindingSeverity, type JsonValue } from '@bulkhead/protocol';

/** More findings of one plugin say no more. */
export const FINDINGS_MAX = 500;
const TEXT_MAX = 1_000;
const SEVERITIES: readonly FindingSeverity[] = ['error', 'warning', 'info'];

/** Returns the findings, at most 500 with errors first, or undefined where the value is no list of findings. */
export function parseFindings(value: unknown): readonly Finding[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const findings = value.map((item: JsonValue) => parseFinding(item));
  if (!findings.every((finding) => finding !== undefined)) return undefined;
  const order = (finding: Finding): number => SEVERITIES.indexOf(finding.severity);
  return findings.toSorted((one, other) => order(one) - order(other)).slice(0, FINDINGS_MAX);
}

function parseFinding(value: JsonValue): Finding | undefined {
  if (!isJsonObject(value)) return undefined;
  const { id, path, line, message, hint } = value;
  const severity = SEVERITIES.find((word) => word === value['severity']);
  const isText =
    typeof id === 'string' && typeof path === 'string' && typeof message === 'string' && typeof hint === 'string';
  if (!isText || severity === undefined || (line !== null && typeof line !== 'number')) return undefined;
  return { id: clean(id), severity, path: clean(path), line, message: clean(message), hint: clean(hint) };
}

/** Control and bidirectional characters would let a plugin write on the operator's terminal. */
function clean(text: string): string {
  return text.slice(0, TEXT_MAX).replace(/[\p{Cc}\u061C\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/gu, ' ');
}
