import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReleaseJudge } from './release-judge.ts';
import { ADD, openReleases, recordedCall, TWO_NUMBERS, type Releases, type TestTool } from './release-judge.fixture.ts';

const judge = createReleaseJudge();
let releases: Releases;

beforeEach(async () => {
  releases = await openReleases();
});

afterEach(async () => {
  await releases[Symbol.asyncDispose]();
});

async function install(live: Readonly<Record<string, TestTool>>, candidate: Readonly<Record<string, TestTool>>) {
  await releases.install('1.0.0', live);
  await releases.install('2.0.0', candidate);
}

test('a release that answers the same is adopted, and both have had every case', async () => {
  const size = {
    ...ADD,
    body: 'return params.text.length;',
    parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  };
  await install({ add: ADD, size }, { add: ADD, size });
  const progress: number[] = [];
  const trial = releases.trial({ didProgress: ({ done }) => progress.push(done) });
  const comparison = await judge.compare(trial);
  expect(comparison).toMatchObject({
    verdict: 'adopt',
    summary: { cases: 300, recorded: 0, generated: 300, both: 300, only_baseline: 0, flips: 0, not_generated: 0 },
    report: {
      decision: { verdict: 'adopt' },
      n: 300,
      cases_from: { generated: 300, tools: { added: [], removed: [] } },
    },
  });
  expect(progress[0]).toBe(0);
  expect(progress.at(-1)).toBe(300);
  expect(trial.openCount()).toBe(0);
});

test('the same seed makes the same cases, and a policy that spaces its looks ends at the look that decides', async () => {
  await install({ add: ADD }, { add: ADD });
  const plan = { policy: 'noninferiority:margin=0.02,looks=adaptive:266:10', cases: 400 };
  const [one, other] = [await judge.compare(releases.trial({ plan })), await judge.compare(releases.trial({ plan }))];
  expect(one.verdict).toBe('adopt');
  expect(one.summary).toEqual(other.summary);
  expect(one.summary['both']).toBeLessThan(300);
});

test('one that answers wrong is rejected, and the reasons say on which calls', async () => {
  const wrong = { ...ADD, body: 'return params.a > 3 ? params.a - params.b : params.a + params.b;' };
  await install({ add: ADD }, { add: wrong });
  const { verdict, reasons, summary, report } = await judge.compare(releases.trial());
  expect(verdict).toBe('reject');
  expect(reasons[0]).toMatch(/^\d+ of 300 cases went worse on release 2\.0\.0, each time they were run$/);
  expect(reasons.at(-1)).toMatch(/breaks what the baseline keeps: property "answers_as_live"/);
  expect(reasons[1]).toMatch(/^calc\.add \{"a":-?\d+,"b":-?\d+\}: expected -?\d+, got -?\d+$/);
  expect(Number(summary['only_baseline'])).toBeGreaterThan(0);
  expect(report['flips']).toContainEqual(expect.objectContaining({ broken: ['answers_as_live'] }));
});

test('one that answers otherwise passes where only valid answers are asked for, and the difference is counted', async () => {
  await install({ add: ADD }, { add: { ...ADD, body: 'return `${params.a + params.b}`;' } });
  const { verdict, report } = await judge.compare(releases.trial({ plan: { answers: 'valid' } }));
  expect(verdict).toBe('adopt');
  expect(report['relation_coverage']).toContainEqual(
    expect.objectContaining({
      name: 'same_answer',
      mode: 'soft',
      candidate: expect.objectContaining({ held: 0, violated: 300 }),
    }),
  );
});

test('one that crashes on some calls is rejected, and they are named', async () => {
  const crashing = { ...ADD, body: 'if (params.a === 0) process.exit(3); return params.a + params.b;' };
  await install({ add: ADD }, { add: crashing });
  const { verdict, reasons } = await judge.compare(releases.trial());
  expect(verdict).toBe('reject');
  expect(reasons.join('\n')).toMatch(/calc\.add \{"a":0,"b":-?\d+\}: expected -?\d+, got process_exit/);
});

test('one that has a tool no longer is rejected; a tool that only it has is told', async () => {
  await install({ add: ADD, sub: ADD }, { add: ADD, mul: ADD });
  const { verdict, reasons, report } = await judge.compare(releases.trial());
  expect(verdict).toBe('reject');
  expect(reasons[0]).toBe('release 2.0.0 has no longer tool sub');
  expect(reasons.join('\n')).toMatch(/calc\.sub .*: expected -?\d+, got .*unknown_tool/);
  expect(report['cases_from']).toMatchObject({ tools: { added: ['mul'], removed: ['sub'] } });
});

const UUID = {
  body: 'return { id: crypto.randomUUID(), at: Date.now() };',
  parameters: { type: 'object', properties: {} },
};

test('a sound release is adopted though a tool answers otherwise each time', async () => {
  await install({ make: UUID }, { make: UUID });
  const { verdict, summary } = await judge.compare(releases.trial());
  expect(verdict).toBe('adopt');
  expect(summary).toMatchObject({ varies: 300, both: 300 });
});

test('a release that crashes in such a tool is rejected', async () => {
  await install({ make: UUID }, { make: { ...UUID, body: 'process.exit(1);' } });
  const { verdict, reasons } = await judge.compare(releases.trial({ plan: { cases: 12 } }));
  expect(verdict).toBe('reject');
  expect(reasons.join('\n')).toContain('calc.make {}: expected a value, got process_exit');
});

test('what the live release refuses may be refused otherwise or answered, but must not crash', async () => {
  const parameters = {
    type: 'object',
    properties: { a: { type: 'integer', minimum: -3, maximum: 3 } },
    required: ['a'],
  };
  const refuses = (more: string) => ({ parameters, body: `if (params.a === 0) { ${more} } return 12 / params.a;` });
  await releases.install('1.0.0', { part: refuses("throw new Error('no zero');") });
  await releases.install('2.0.0', { part: refuses("throw new TypeError('division by nothing');") });
  const sound = await judge.compare(releases.trial());
  expect(sound.verdict).toBe('adopt');
  expect(Number(sound.summary['refused'])).toBeGreaterThan(0);
  expect(sound.reasons.at(-1)).toMatch(/^the live release refuses \d+ of 300 cases/);
  await releases.install('3.0.0', { part: refuses('process.exit(2);') });
  expect(await judge.compare({ ...releases.trial({ plan: { cases: 40 } }), to: '3.0.0' })).toMatchObject({
    verdict: 'reject',
  });
});

test('tools without a schema have no cases, and it is said what to do', async () => {
  const bare = { body: 'return params;' };
  await install({ any: bare }, { any: bare });
  expect(await judge.compare(releases.trial())).toMatchObject({
    verdict: 'inconclusive',
    reasons: [expect.stringMatching(/record calls .*or give the parameters of the tools a schema/)],
    summary: { cases: 0, not_generated: 1, without_cases: 1 },
    report: { cases_from: { not_generated: ['any'] } },
  });
});

test('recorded calls come first, and take the place of a schema', async () => {
  const bare = { body: 'return params.word.toUpperCase();' };
  const wrong = { body: "return params.word === 'needle' ? 'HAY' : params.word.toUpperCase();" };
  await install({ any: bare, add: ADD }, { any: wrong, add: ADD });
  const recorded = ['needle', 'one', 'two'].map((word) => recordedCall('any', { word }));
  const { verdict, reasons, summary, report } = await judge.compare(releases.trial({ recorded, plan: { cases: 20 } }));
  expect(verdict).toBe('reject');
  expect(reasons).toContain('calc.any {"word":"needle"}: expected "NEEDLE", got "HAY"');
  expect(summary).toMatchObject({ recorded: 3, generated: 17, cases: 20 });
  expect(report['flips']).toContainEqual(expect.objectContaining({ case_index: 0 }));
});

test('secrets are in neither reasons nor report', async () => {
  const tool = { body: 'return params.word;' };
  await install({ any: tool }, { any: { body: 'return null;' } });
  const recorded = [recordedCall('any', { word: 'AKIAABCDEFGHIJKLMNOP', password: 'hunter2-hunter2' })];
  const comparison = await judge.compare(releases.trial({ recorded }));
  expect(comparison.verdict).toBe('reject');
  expect(comparison.reasons.join('\n')).toContain('[REDACTED]');
  expect(JSON.stringify(comparison)).not.toMatch(/AKIAABCDEFGHIJKLMNOP|hunter2/);
});

test('a candidate that does not start is rejected with why; a live release that does not start is an error', async () => {
  await releases.install('1.0.0', { add: ADD });
  await releases.install('2.0.0', { add: ADD }, { head: "if (process.versions) throw new Error('no model file');" });
  expect(await judge.compare(releases.trial())).toMatchObject({
    verdict: 'reject',
    reasons: [expect.stringMatching(/^release 2\.0\.0 does not start: .*no model file/)],
  });
  const turned = { ...releases.trial(), from: '2.0.0', to: '1.0.0' };
  await expect(judge.compare(turned)).rejects.toMatchObject({ code: 'TRIAL_FAILED' });
});

test('one that is called off rejects with the reason and leaves no guest', async () => {
  await install({ add: ADD }, { add: ADD });
  const off = new AbortController();
  const reason = new Error('not needed any more');
  const trial = releases.trial({
    signal: off.signal,
    didProgress: ({ done }) => {
      if (done === 20) off.abort(reason);
    },
  });
  await expect(judge.compare(trial)).rejects.toBe(reason);
  expect(trial.openCount()).toBe(0);
  await expect(judge.compare(trial)).rejects.toBe(reason);
});

test('a wrong policy is told in words, and nothing is opened for it', async () => {
  expect(judge.wrongPolicy('noninferiority:margin=0.02')).toBeUndefined();
  expect(
    judge.wrongPolicy('kind = "evidence"\nname = "mine"\n[promotion]\nrule = "noninferiority"\nmargin = 0.05'),
  ).toBeUndefined();
  expect(judge.wrongPolicy('noninferioritee')).toContain('noninferiority');
  expect(judge.wrongPolicy('[promotion]\nmargin = 7')).toContain('margin');
  const trial = releases.trial({ plan: { policy: 'nothing' }, didOpen: () => expect.fail('a guest was opened') });
  await expect(judge.compare(trial)).rejects.toMatchObject({ code: 'POLICY_INVALID' });
});

test('parameters at the ends of a schema are tried', async () => {
  const parameters = {
    ...TWO_NUMBERS,
    properties: { a: { type: 'integer', minimum: 5, maximum: 1_000 }, b: { type: 'integer' } },
  };
  await install(
    { add: { ...ADD, parameters } },
    { add: { parameters, body: 'return params.a === 1_000 ? 0 : params.a + params.b;' } },
  );
  const { reasons } = await judge.compare(releases.trial());
  expect(reasons.join('\n')).toMatch(/calc\.add \{"a":1000,/);
});

test('a tool on which the live release hangs costs three calls, and the others are compared', async () => {
  const hang = { body: 'return new Promise(() => {});', parameters: TWO_NUMBERS };
  await releases.install('1.0.0', { add: ADD, hang }, { limits: { timeout_ms: 300 } });
  await releases.install('2.0.0', { add: ADD, hang }, { limits: { timeout_ms: 300 } });
  const oneAtOnce = createReleaseJudge({ instances: 1 });
  const { summary, verdict } = await oneAtOnce.compare(releases.trial({ plan: { cases: 40 } }));
  expect(verdict).toBe('inconclusive');
  expect(summary).toMatchObject({ cases: 23, both: 20, faults: 3, neither: 3, only_baseline: 0 });
});

test('what a tool prints is no answer, and stands in no report', async () => {
  const prints = { ...ADD, body: 'console.log(JSON.stringify({ value: params.a + params.b }), "forged"); return 0;' };
  await install({ add: ADD }, { add: prints });
  const comparison = await judge.compare(releases.trial({ plan: { cases: 20 } }));
  expect(comparison.verdict).toBe('reject');
  expect(JSON.stringify(comparison)).not.toContain('forged');
});

test('a candidate that hangs where the live release answers is rejected after three cases', async () => {
  const hangs = { ...ADD, body: 'if (params.a > 0) return new Promise(() => {}); return params.a + params.b;' };
  await releases.install('1.0.0', { add: ADD }, { limits: { timeout_ms: 300 } });
  await releases.install('2.0.0', { add: hangs }, { limits: { timeout_ms: 300 } });
  const { verdict, reasons, summary } = await judge.compare(releases.trial({ plan: { cases: 60 } }));
  expect(verdict).toBe('reject');
  expect(reasons.join('\n')).toMatch(/calc\.add .*: expected -?\d+, got timeout/);
  expect(summary).toMatchObject({ regressions: 3 });
});
