/**
 * Writes what is published of schemas: of the manifest packages/protocol/plugin.schema.json, for editors, and the table of fields in
 * docs/manifest.md; of tasks and results packages/protocol/task.schema.json and result.schema.json; of guard's reports
 * packages/guard/report.schema.json; of runs of evolution packages/evolve/run-report.schema.json. `node --conditions=source tools/schema.ts`, after a change of ManifestSchema, TaskSchema or ResultSchema.
 */
import { RUN_REPORT_SCHEMA } from '@bulkhead/evolve';
import { reportSchemaText } from '@bulkhead/guard';
import { ManifestSchema } from '@bulkhead/protocol';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { ResultSchema, TaskSchema } from '../packages/protocol/src/task-schema.ts';

const root = resolve(import.meta.dirname, '..');

const REPORT_SCHEMA_PATH = 'packages/guard/report.schema.json';
const RUN_REPORT_SCHEMA_PATH = 'packages/evolve/run-report.schema.json';
const BEGIN = '<!-- fields: written by tools/schema.ts -->';
const END = '<!-- end of fields -->';

/** Returns the schema as it is published: JSON with its dialect named, in the repository's format. */
export function renderSchema(): Promise<string> {
  const published = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...ManifestSchema };
  return formatted('packages/protocol/plugin.schema.json', JSON.stringify(published, null, 2));
}

/** What is published of tasks, by its path: draft-07, for that is what CONTRACTS names (X000-4). */
export const TASK_SCHEMAS: Readonly<Record<string, object>> = {
  'packages/protocol/task.schema.json': TaskSchema,
  'packages/protocol/result.schema.json': ResultSchema,
};

/** Returns a schema of {@link TASK_SCHEMAS} as it is published. */
export function renderTaskSchema(path: string): Promise<string> {
  const published = { $schema: 'http://json-schema.org/draft-07/schema#', ...TASK_SCHEMAS[path] };
  return formatted(path, JSON.stringify(published, null, 2));
}

/**
 * Returns the page with the table of fields replaced by the schema's.
 *
 * @throws {Error} Where the page has lost the marks between which the table stands.
 */
export function withFieldTable(page: string): Promise<string> {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/manifest.md has no "${BEGIN}" before "${END}"`);
  const schema = JSON.parse(JSON.stringify(ManifestSchema)) as Node; // JSON Schema, of which Node names what is shown.
  const rows = fieldRows(schema, '').map((cells) => `| ${cells.join(' | ')} |`);
  const table = ['| field | type | what it is |', '| --- | --- | --- |', ...rows].join('\n');
  return formatted('docs/manifest.md', `${page.slice(0, begin)}${BEGIN}\n\n${table}\n\n${page.slice(end)}`);
}

async function formatted(path: string, text: string): Promise<string> {
  const options = await resolveConfig(join(root, path));
  return format(text, { ...options, filepath: path });
}

type Node = {
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly minimum?: number;
  readonly maximum?: number;
};

function fieldRows(node: Node, prefix: string): readonly (readonly string[])[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, field]) => {
    const isRequired = node.required?.includes(name) === true;
    const description = `${isRequired ? '**Required.** ' : ''}${field.description ?? ''}`.trim();
    const row = [`\`${prefix}${name}\``, typeOf(field), escaped(description)];
    return [row, ...fieldRows(field, `${prefix}${name}.`), ...entryRows(field, `${prefix}${name}.*`)];
  });
}

/** Rows of what a map with free names holds, such as `secrets.*.hosts`. */
function entryRows(node: Node, prefix: string): readonly (readonly string[])[] {
  return Object.values(node.patternProperties ?? {}).flatMap((entry) => fieldRows(entry, `${prefix}.`));
}

function typeOf(node: Node): string {
  if (node.anyOf !== undefined) return node.anyOf.map((arm) => `\`${JSON.stringify(arm.const)}\``).join(', ');
  if (node.type === 'array') return `list of ${typeOf(node.items ?? {})}`;
  if (node.type === 'integer') return `integer, ${bound(node.minimum)} to ${bound(node.maximum)}`;
  return node.type ?? 'any';
}

function bound(value: number | undefined): string {
  return (value ?? 0).toLocaleString('en-US');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) {
  const page = join(root, 'docs/manifest.md');
  writeFileSync(join(root, 'packages/protocol/plugin.schema.json'), await renderSchema());
  for (const path of Object.keys(TASK_SCHEMAS)) writeFileSync(join(root, path), await renderTaskSchema(path));
  writeFileSync(page, await withFieldTable(readFileSync(page, 'utf8')));
  writeFileSync(join(root, REPORT_SCHEMA_PATH), await formatted(REPORT_SCHEMA_PATH, reportSchemaText()));
  const runReport = JSON.stringify(RUN_REPORT_SCHEMA, null, 2);
  writeFileSync(join(root, RUN_REPORT_SCHEMA_PATH), await formatted(RUN_REPORT_SCHEMA_PATH, runReport));
}
