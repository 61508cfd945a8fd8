/** SARIF as OASIS defines it: what its schema asks of the parts that are written here is asked of them below. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import type { Log } from 'sarif';
import { expect, test } from 'vitest';
import { answering, makeFolder, run, writePlugin } from './cli-fixture.ts';
import { toSarif } from './sarif.ts';

const finding = {
  id: 'CODE_GENERATION',
  severity: 'error',
  path: 'src/a b.ts',
  line: 3,
  message: 'Forbidden builtin call: eval',
  hint: 'Write the code itself.',
} as const;
const rules = [{ id: 'CODE_GENERATION', severity: 'error', about: 'makes text into code' }] as const;
const ZOD = { name: 'zod', version: '4.0.0', license: null, path: 'node_modules/zod' };
const inputWith = (findings: readonly (typeof finding)[]) => ({
  report: { ok: false, findings, dependencies: [ZOD] },
  ...{ dir: '/plugins/odd one', rules, version: '1.2.3' },
});

/** Closed objects with their required members, as in the schema of errata 01: sections 3.13 to 3.52 of the standard. */
const closed = (properties: object, required: readonly string[] = []) => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
});
const text = { type: 'string', minLength: 1 };
const message = closed({ text }, ['text']);
const level = { enum: ['none', 'note', 'warning', 'error'] };
const listOf = (items: object) => ({ type: 'array', items });
const uri = { type: 'string', pattern: "^[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$" };
const artifactLocation = closed({ uri, uriBaseId: text }, ['uri']);
const region = closed({ startLine: { type: 'integer', minimum: 1 } });
const location = closed({
  physicalLocation: closed({ artifactLocation, region }, ['artifactLocation']),
  logicalLocations: listOf(closed({ fullyQualifiedName: text })),
});
const rule = closed({ id: text, shortDescription: message, defaultConfiguration: closed({ level }) }, ['id']);
const result = closed(
  { ruleId: text, ruleIndex: { type: 'integer', minimum: 0 }, level, message, locations: listOf(location) },
  ['message'],
);
const driver = closed({ name: text, version: text, rules: { ...listOf(rule), uniqueItems: true } }, ['name']);
const runOf = closed(
  {
    tool: closed({ driver }, ['driver']),
    columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
    originalUriBaseIds: { type: 'object', additionalProperties: artifactLocation },
    results: listOf(result),
    properties: { type: 'object' },
  },
  ['tool'],
);
const schema = closed(
  { $schema: { type: 'string', format: 'uri' }, version: { const: '2.1.0' }, runs: listOf(runOf) },
  ['version', 'runs'],
);
const isSarif = new Ajv({ formats: { uri: true } }).compile(schema);
const faultsIn = (log: Log): readonly unknown[] => (isSarif(log) ? [] : (isSarif.errors ?? []));

test('[F000-44] a finding names its rule, its level, its message with the cure, and its place below the folder', () => {
  const log = toSarif(inputWith([finding])) as unknown as Log; // The types of the standard; the schema is asked below.
  const [only] = log.runs;
  expect(only?.results).toEqual([
    {
      ruleId: 'CODE_GENERATION',
      ruleIndex: 0,
      level: 'error',
      message: { text: 'Forbidden builtin call: eval. Write the code itself.' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'src/a%20b.ts', uriBaseId: 'PLUGIN' },
            region: { startLine: 3 },
          },
        },
      ],
    },
  ]);
  expect(only?.originalUriBaseIds).toEqual({ PLUGIN: { uri: 'file:///plugins/odd%20one/' } });
  expect(only?.properties).toEqual({ dependencies: [ZOD] });
});

test('a finding of no known rule and one of a manifest’s field have their rule and their place too', () => {
  const other = { ...finding, id: 'DISK_FULL', path: 'plugin.json#/limits/cpu_ms', line: null };
  const log = toSarif({
    ...inputWith([]),
    report: { ok: false, findings: [other], dependencies: [] },
  }) as unknown as Log;
  expect(faultsIn(log)).toEqual([]);
  expect(log.runs[0]?.tool.driver.rules?.map(({ id }) => id)).toEqual(['CODE_GENERATION', 'DISK_FULL']);
  expect(log.runs[0]?.results?.[0]).toMatchObject({
    ruleIndex: 1,
    locations: [{ logicalLocations: [{ fullyQualifiedName: '/limits/cpu_ms' }] }],
  });
});

test('`review --sarif FILE` writes valid SARIF, and prints what it always prints', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'evil', main: `import 'node:fs';\n${answering(1)}\neval('1');` });
  const file = join(folder.path, 'out.sarif');
  const { code, stdout } = await run(['review', dir, '--sarif', file, '--json']);
  const log = JSON.parse(await readFile(file, 'utf8')) as Log; // Asked of the schema in the next line.
  expect(faultsIn(log)).toEqual([]);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly id: string }[] }; // Its own form.
  expect(log.runs[0]?.results?.map(({ ruleId }) => ruleId)).toEqual(findings.map(({ id }) => id));
  expect(log.runs[0]?.originalUriBaseIds?.['PLUGIN']?.uri).toBe(`${pathToFileURL(dir).href}/`);
  expect(code).toBe(1);
});

test('`review --sarif` prints valid SARIF and nothing else on standard output', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'good', main: answering(1), manifest: { license: 'MIT' } });
  const { code, stdout } = await run(['review', dir, '--sarif']);
  const log = JSON.parse(stdout) as Log; // Asked of the schema in the next line.
  expect(faultsIn(log)).toEqual([]);
  expect(log.runs[0]?.results).toEqual([]);
  expect(log.runs[0]?.tool.driver.rules?.length).toBeGreaterThan(20);
  expect(code).toBe(0);
});

test.each([
  [['--sarif', '/nowhere/at/all.sarif'], 'cannot be written'],
  [['--json', '--sarif'], 'both want standard output'],
])('%j is wrong usage', async (options, words) => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'good', main: answering(1) });
  const { code, stderr } = await run(['review', dir, ...options]);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});

/** A plugin that bundles one package, of a licence that is not on the list. */
async function writeUser(parent: string): Promise<string> {
  const main = `import { one } from 'left';\nexport const f = () => one;\n${answering(1)}`;
  const dir = await writePlugin(parent, { name: 'user', main });
  const left = join(dir, 'node_modules/left');
  await mkdir(left, { recursive: true });
  const about = { name: 'left', version: '2.1.0', license: 'GPL-3.0-only', main: 'index.js' };
  await writeFile(join(left, 'package.json'), JSON.stringify(about));
  await writeFile(join(left, 'index.js'), 'exports.one = 1;');
  return dir;
}

test('[X000-34] the review lists what is bundled, with versions and licences, for programs', async () => {
  await using folder = await makeFolder();
  const { stdout } = await run(['review', await writeUser(folder.path), '--json']);
  const notAllowed = expect.objectContaining({ id: 'LICENSE_NOT_ALLOWED', severity: 'warning' }) as unknown;
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    findings: expect.arrayContaining([notAllowed]) as unknown,
    dependencies: [{ name: 'left', version: '2.1.0', license: 'GPL-3.0-only' }],
  });
});

test('[X000-34] the review lists what is bundled, with versions and licences, for people', async () => {
  await using folder = await makeFolder();
  const { stdout } = await run(['review', await writeUser(folder.path)]);
  expect(stdout).toMatch(/BUNDLED +VERSION +LICENCE\nleft +2\.1\.0 +GPL-3\.0-only/);
});
