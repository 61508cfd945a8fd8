import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { NEVER, proposalOf } from '../mutation/mutation.fixture.ts';
import { openRunProposer } from './open-run-proposer.ts';
import { SOURCE } from './run.fixture.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-proposer-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const REQUEST = proposalOf({ parent: SOURCE, fileName: 'plan.ts', seed: '1/2/0/0' });

test('files lie beside the configuration, and a cassette is recorded from whoever is named, then answers alone', async () => {
  const about = { spec: 'cassette:answers.ndjson', folder, seed: 1 };
  const inner = await openRunProposer({ spec: 'choices', folder, seed: 1 });
  const told = await (await openRunProposer({ ...about, record: 'new', inner })).propose(REQUEST, NEVER);
  expect(await (await openRunProposer(about)).propose(REQUEST, NEVER)).toEqual(told);
  await expect(openRunProposer({ ...about, spec: 'cassette:none.ndjson' })).rejects.toThrow(
    coded('CASSETTE_INVALID', join(folder, 'none.ndjson')),
  );
  await writeFile(join(folder, 'script.json'), '["one", "two"]');
  const scripted = await openRunProposer({ spec: 'scripted:script.json', folder, seed: 1 });
  expect(await scripted.propose(REQUEST, NEVER)).toMatchObject({ text: 'two' });
});

test('the grammar of a run answers the same request alike, whoever was asked before', async () => {
  const [one, other] = [
    await openRunProposer({ spec: 'grammar', folder, seed: 1 }),
    await openRunProposer({ spec: 'grammar', folder, seed: 1 }),
  ];
  await one.propose({ ...REQUEST, seed: '1/1/0/0' }, NEVER);
  expect(await one.propose(REQUEST, NEVER)).toEqual(await other.propose(REQUEST, NEVER));
});

test.each([
  ['', 'nobody is named who proposes'],
  ['choice', 'the backend is "choice"'],
  ['scripted:', 'names no file'],
])('%j is refused with what there is', async (spec, message) => {
  await expect(openRunProposer({ spec, folder, seed: 1 })).rejects.toThrow(coded('BACKEND_INVALID', message));
});
