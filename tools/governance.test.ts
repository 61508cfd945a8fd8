import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '..');

const contributing = read('CONTRIBUTING.md');
const template = read('.github/PULL_REQUEST_TEMPLATE.md');
const scripts = (JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }).scripts;

type Step = { readonly name?: string; readonly run?: string; readonly if?: string; readonly id?: string };
type Workflow = { readonly on: object; readonly jobs: { readonly check: { readonly steps: readonly Step[] } } };
type Hook = { readonly commands: Readonly<Record<string, { readonly run: string; readonly fail_text?: string }>> };

const steps = (parse(read('.github/workflows/ci.yml')) as Workflow).jobs.check.steps;
const hooks = parse(read('lefthook.yml')) as Readonly<Record<'pre-commit' | 'commit-msg', Hook>>;

describe('the rules that bind every change', () => {
  test('[F001-5, F001-51] the contract binds every commit, without exception', () => {
    expect(contributing).toContain('it binds every commit.');
    expect(contributing).toContain('All future plugin work must satisfy these rules. No exceptions.');
  });

  test('[F001-6] the full command runs verbosely and reports the lines that no test covers', () => {
    expect(scripts['test:coverage']).toMatch(/vitest run --coverage .*--reporter=verbose/);
    expect(read('vitest.config.ts')).toContain("reporter: ['text', 'json-summary']");
    expect(contributing).toContain('`npm run test:coverage`');
  });

  test('[F001-7, F001-8] the quick command runs before each commit, and no commit is made with a failing test', () => {
    expect(scripts['test:quick']).toBe('vitest run --project unit');
    expect(contributing).toContain('npm run test:quick  # before every commit');
    expect(section('The ten rules')).toContain('with a failing test there is no commit');
  });

  test('[F001-44] the pre-commit hook runs the quick tests under its own id and name, and takes no file names', () => {
    const hook = hooks['pre-commit'].commands['server-tests-phase-11'];
    expect(hook).toEqual({ run: 'npm run --silent test:quick', fail_text: 'Phase 11: Server tests must pass' });
    expect(hook?.run).not.toContain('{staged_files}');
  });

  test('[F000-28, F001-9] the hook formats, lints, checks types and runs tests before a commit', () => {
    const runs = Object.values(hooks['pre-commit'].commands).map(({ run }) => run);
    expect(runs).toEqual([
      expect.stringContaining('prettier --write'),
      expect.stringContaining('run --silent lint'),
      expect.stringContaining('run --silent types'),
      expect.stringContaining('run --silent test:quick'),
    ]);
  });

  test('[X001-13] the hook and CI read the commit message for TEST-CHANGE', () => {
    expect(hooks['commit-msg'].commands['message']?.run).toBe('npm run --silent commit:check -- {1}');
    expect(steps.map(({ run }) => run)).toContainEqual(expect.stringContaining('commit:check -- --range'));
    expect(section('Commits and change notes')).toContain('TEST-CHANGE');
  });

  test('[F001-9, F001-45] CI runs the server tests and blocks the merge if they fail', () => {
    const tests = steps.find(({ name }) => name === 'Phase 11: Run server tests');
    const block = steps.find(({ name }) => name === 'Block merge if tests fail');
    expect(tests).toMatchObject({ id: 'tests', run: 'npm test' });
    expect(block?.if).toBe("steps.tests.outcome != 'success'");
    expect(block?.run).toContain('exit 1');
  });

  test('[F001-10] a pull request without tests is answered with the fixed sentence', () => {
    expect(contributing).toContain('"Please run server tests locally before pushing"');
    expect(steps.at(-1)?.run).toContain('Please run server tests locally before pushing');
  });

  test('[F000-30] CI refuses what violates types, lint, format or security rules', () => {
    expect(scripts['check']).toBe('npm run format && npm run lint && npm run types && npm run knip && npm run publint');
    expect(steps.map(({ run }) => run)).toContain('npm run check');
    expect(read('.ci/run')).toMatch(/^npm ci$[\s\S]*^npm run check$[\s\S]*^npm test$/m);
  });

  test('[F000-26] the compiler is strict', () => {
    const { compilerOptions } = JSON.parse(read('tsconfig.json')) as { compilerOptions: object };
    const strict = ['strict', 'noUncheckedIndexedAccess', 'exactOptionalPropertyTypes', 'erasableSyntaxOnly'];
    expect(compilerOptions).toMatchObject(Object.fromEntries(strict.map((name) => [name, true])));
  });

  test('[F000-27] lint reads types, and its correctness, suspicion and speed rules are errors', () => {
    expect(scripts['lint']).toContain('oxlint --type-aware');
    const categories = '"categories": { "correctness": "error", "suspicious": "error", "perf": "error" }';
    expect(read('.oxlintrc.json')).toContain(categories);
  });

  test('[F001-32] tests come first, in five steps', () => {
    const stepsToCommit = section('How a change is made').match(/^\d\. .+$/gm);
    expect(stepsToCommit).toEqual([
      '1. Write the failing tests.',
      '2. Run them and see them fail.',
      '3. Implement.',
      '4. Run them and see them pass.',
      '5. Commit.',
    ]);
  });

  test('[F001-33] a change without RED tests is answered with the fixed sentence', () => {
    expect(oneLine(contributing)).toContain('"Please add RED tests first. Tests should fail before implementation."');
  });

  test('[F001-46] the pull request template asks eight things', () => {
    const boxes = section('Checklist', template).match(/^- \[ \] .+$/gm) ?? [];
    expect(boxes).toHaveLength(8);
    const subjects = [
      'tests locally',
      'tests pass',
      'sandbox',
      'registry',
      'Health',
      'actionable',
      'concurrent',
      'RED',
    ];
    expect(subjects.filter((subject, index) => !boxes[index]?.includes(subject))).toEqual([]);
  });

  test.each([
    ['CONTRIBUTING.md', 'What a review rejects', contributing],
    ['the pull request template', 'A review rejects', template],
  ])('[F001-47] %s lists the five grounds on which a review rejects', (_, heading, text) => {
    const grounds = section(heading, text).match(/^\d\. .+$/gm) ?? [];
    const subjects = ['est failures', 'without the sandbox', 'unhandled exceptions', 'ague error messages', 'registry'];
    expect(grounds).toHaveLength(5);
    expect(subjects.filter((subject, index) => !grounds[index]?.includes(subject))).toEqual([]);
  });

  test('[F001-48] the ten rules stand in a table with level and enforcement', () => {
    const rows = section('The ten rules').match(/^\| +\d+ \|.*$/gm) ?? [];
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    expect(cells.map(([, number]) => number)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
    expect(cells.every(([, , rule, level, enforcedBy]) => rule !== '' && level === 'must' && enforcedBy !== '')).toBe(
      true,
    );
  });

  test('[F001-49] a deviation is documented, approved, verified by a test, and written into the rules', () => {
    const protocol = section('When a rule does not fit').match(/^\d\. .+$/gm);
    expect(protocol).toEqual([
      expect.stringContaining('Document it in the pull request'),
      expect.stringContaining('A lead approves'),
      expect.stringContaining('A test verifies the deviation'),
      expect.stringContaining('Update this document'),
    ]);
  });

  test('[F001-50] the lead checks nine things, regressions and both places of the tests among them', () => {
    const boxes = section('What a review rejects').match(/^- \[ \] .+$/gm) ?? [];
    expect(boxes).toHaveLength(9);
    expect(boxes).toContain('- [ ] Tests pass locally and in CI');
    expect(boxes).toContain('- [ ] Nothing that worked before regressed');
  });
});

describe('the rules for plugins that others offer', () => {
  test('[F000-14] a licence is Apache-2.0 or MIT, with a NOTICE for bundled code of others', () => {
    expect(oneLine(section('Plugins'))).toContain(
      'Apache-2.0 or MIT, with a NOTICE where it bundles what others wrote',
    );
    expect(read('LICENSE')).toContain('Apache License');
  });

  test.each([
    ['[F000-31]', 'a README with its capability tags'],
    ['[F000-40]', 'its manifest, with its entry points'],
    ['[F000-41, F000-42, F000-43]', 'under a tag `vX.Y.Z`, to the package registry, and announced'],
  ])('%s a contribution: %s', (_, sentence) => {
    expect(oneLine(section('Plugins'))).toContain(sentence);
  });

  test('[F000-32, F000-33, F000-34, F000-35] versions are semantic, schemas count, names stay, removals warn first', () => {
    const code = oneLine(section('Code'));
    expect(code).toContain('a task or a result raises its schema version');
    expect(code).toContain('Versions are semantic; names of entry points are stable;');
    expect(code).toContain('warns for at least one minor version first');
  });

  test('[F000-37, F000-38, F000-39] the pull request asks for the guide’s section, described tags and a change note', () => {
    const asked = section('Where it applies', template);
    expect(asked).toContain('A section in the plugin documentation, and new capability tags described');
    expect(asked).toContain('A change note');
  });

  test('[F000-49, F000-50] reviews come within 72 hours, and discussions have their label', () => {
    const text = oneLine(section('Commits and change notes'));
    expect(text).toContain('within 72 hours');
    expect(text).toContain('an issue with the label "Enhancement"');
  });
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Text below a heading of the second level, up to the next one. */
function section(heading: string, text = contributing): string {
  const start = text.indexOf(`\n## ${heading}\n`);
  expect(start, `the section "${heading}"`).not.toBe(-1);
  const end = text.indexOf('\n## ', start + 1);
  return text.slice(start, end === -1 ? undefined : end);
}

/** Text whose lines are joined, so that a sentence is found however it is wrapped. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
