/** What an author gets wrong first, and what each verb says of it: file, line and cure. */
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { ContractOutcome, Finding } from '@bulkhead/protocol';
import { makeFolder, run, start } from './cli-fixture.ts';

const MANIFEST = { name: 'wrong', version: '1.0.0', description: 'Wrong.', author: 'Tests', main: 'main.ts' };
const TOOL = `export default { tools: [{ name: 'go', description: 'Goes.', parameters: { type: 'object' }, execute: () => 1 }] };`;

type Told = Pick<Finding, 'path' | 'line' | 'message' | 'hint'>;
type Failure = {
  readonly what: string;
  readonly main?: string;
  readonly manifest?: string;
  readonly told: Readonly<Record<'path' | 'line' | 'message' | 'hint', unknown>>;
};

const FAILURES: readonly Failure[] = [
  {
    what: 'a wrong manifest',
    manifest: JSON.stringify({ ...MANIFEST, limits: { memory_mb: 'much' } }, null, 1),
    told: { path: 'plugin.json#/limits/memory_mb', line: 8, message: expect.stringContaining('much'), hint: text() },
  },
  {
    what: 'a type error',
    main: `const one = 1;\nexport const two: number = 'two' + one;\n${TOOL}`,
    told: { path: 'main.ts', line: 2, message: expect.stringContaining('TS2322'), hint: text() },
  },
  {
    what: 'a throw at import',
    main: `const one = 1;\n\nif (one === 1) throw new Error('no luck');\n${TOOL}`,
    told: { path: 'main.ts', line: 3, message: expect.stringContaining('no luck'), hint: text() },
  },
  {
    what: 'a forbidden import',
    main: `\nimport { readFileSync } from 'node:fs';\n${TOOL}\nexport const read = readFileSync;`,
    told: { path: 'main.ts', line: 2, message: 'Forbidden import: fs', hint: text() },
  },
  {
    what: 'a missing dependency',
    main: `\n\nimport pad from 'left-pad-that-is-not-there';\n${TOOL}\nexport const padded = pad('1');`,
    told: {
      path: 'main.ts',
      line: 3,
      message: expect.stringContaining('left-pad-that-is-not-there'),
      hint: expect.stringMatching(/^npm install --prefix .+ left-pad-that-is-not-there$/),
    },
  },
  {
    what: 'a hang',
    main: `const one = 1;\nwhile (true) one.toFixed();\n${TOOL}`,
    told: { path: 'main.ts', line: 2, message: expect.stringContaining('10000 ms'), hint: text() },
  },
];

function text(): unknown {
  return expect.stringMatching(/.{10}/);
}

/** Every error that each verb tells, as it tells it to programs. */
const VERBS: Readonly<Record<string, (dir: string) => Promise<readonly Told[]>>> = {
  check: async (dir) => {
    const { code, stdout } = await run(['check', dir, '--json']);
    const report = JSON.parse(stdout) as { readonly ok: boolean; readonly findings: readonly Finding[] }; // DESIGN 14.
    expect({ code, ok: report.ok }).toEqual({ code: 1, ok: false });
    return report.findings.filter(({ severity }) => severity === 'error');
  },
  test: async (dir) => {
    const { code, stdout } = await run(['test', dir, '--json']);
    const report = JSON.parse(stdout) as { readonly ok: boolean } & {
      readonly findings: readonly Finding[];
      readonly contracts: readonly ContractOutcome[];
    }; // Its own form.
    expect({ code, ok: report.ok }).toEqual({ code: 1, ok: false });
    const failed = report.contracts.flatMap((contract) => (contract.ok ? [] : [contract]));
    const errors = report.findings.filter(({ severity }) => severity === 'error');
    return failed.length === 0 ? errors : failed.slice(0, 1);
  },
  dev: async (dir) => {
    const running = start(['dev', dir, '--json'], { stdin: 'pipe' });
    try {
      const told = (): readonly Finding[] =>
        running
          .stdout()
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as { readonly event: string; readonly findings?: readonly Finding[] })
          .flatMap(({ event, findings }) => (event === 'failed' || event === 'types' ? (findings ?? []) : []));
      await expect.poll(() => told().length, { timeout: 60_000 }).toBeGreaterThan(0);
      return told();
    } finally {
      running.child.kill('SIGTERM');
      await running.ended;
    }
  },
};

test.for(Object.keys(VERBS).flatMap((verb) => FAILURES.map((failure) => [verb, failure.what, failure] as const)))(
  '%s tells of %s with file, line and cure',
  { timeout: 120_000 },
  async ([verb, , failure]) => {
    await using folder = await makeFolder();
    const dir = folder.path;
    await writeFile(join(dir, 'plugin.json'), failure.manifest ?? JSON.stringify(MANIFEST));
    await writeFile(join(dir, 'main.ts'), failure.main ?? TOOL);
    const told = await VERBS[verb]?.(dir);
    expect(told).toHaveLength(1);
    expect(told).toMatchObject([failure.told]);
  },
);

test('check loads what its review lets pass, and review does not', async () => {
  await using folder = await makeFolder();
  await writeFile(join(folder.path, 'plugin.json'), JSON.stringify(MANIFEST));
  await writeFile(join(folder.path, 'main.ts'), `throw new Error('at import');\n${TOOL}`);
  const { code, stdout } = await run(['review', folder.path, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, findings: [] });
  expect(code).toBe(0);
});
