/**
 * A review as SARIF 2.1.0 (OASIS), the form that code hosts and editors read findings in: one run, each rule described once,
 * each finding with its rule, its level and its place below the plugin's folder.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CheckReport, ReviewRule } from '@bulkhead/host';
import type { Finding, FindingSeverity, JsonObject } from '@bulkhead/protocol';

/** What is written down: the report, the folder that it is of, the rules that were asked, and the version of this program. */
export type SarifInput = {
  readonly report: CheckReport;
  readonly dir: string;
  readonly rules: readonly ReviewRule[];
  readonly version: string;
};

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
/** Names the plugin's folder in every location. */
const BASE = 'PLUGIN';
const LEVELS: Readonly<Record<FindingSeverity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** Makes the log. Its paths are relative to the plugin's folder, whose place it states once. */
export function toSarif({ report, dir, rules, version }: SarifInput): JsonObject {
  const { findings, dependencies } = report;
  const ids = [...new Set([...rules.map(({ id }) => id), ...findings.map(({ id }) => id)])];
  const driver = { name: 'bulkhead', version, rules: ids.map((id) => ruleObject(id, rules)) };
  const run = {
    tool: { driver },
    columnKind: 'utf16CodeUnits',
    originalUriBaseIds: { [BASE]: { uri: pathToFileURL(`${resolve(dir)}/`).href } },
    results: findings.map((finding) => resultObject(finding, ids.indexOf(finding.id))),
    properties: { dependencies: dependencies.map((one) => ({ ...one })) },
  };
  return JSON.parse(JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] })) as JsonObject; // Without what is undefined.
}

function ruleObject(id: string, rules: readonly ReviewRule[]): object {
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) return { id };
  return {
    id,
    shortDescription: { text: rule.about },
    defaultConfiguration: { level: LEVELS[rule.severity] },
  };
}

function resultObject({ id, severity, path, line, message, hint }: Finding, ruleIndex: number): object {
  const [file = '', pointer] = path.split('#');
  const uri = file.split('/').map(encodeURIComponent).join('/');
  return {
    ruleId: id,
    ruleIndex,
    level: LEVELS[severity],
    message: { text: `${message}. ${hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri, uriBaseId: BASE },
          ...(line !== null && { region: { startLine: line } }),
        },
        ...(pointer !== undefined && { logicalLocations: [{ fullyQualifiedName: pointer }] }),
      },
    ],
  };
}
