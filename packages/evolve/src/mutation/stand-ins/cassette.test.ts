import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coded } from '../../coded.fixture.ts';
import { NEVER, proposalOf } from '../mutation.fixture.ts';
import type { Proposer } from '../proposer.ts';
import { cassetteKey, openCassette } from './cassette.ts';
import { createEcho } from './echo.ts';
import { createScripted } from './scripted.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-stand-ins-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function textOf(proposer: Proposer, seed = '1/0'): Promise<string> {
  return (await proposer.propose(proposalOf({ seed }), NEVER)).text;
}

test('a cassette that recorded answers the same again, without anybody being asked', async () => {
  const file = join(folder, 'recorded.jsonl');
  const inner = createScripted([{ text: 'one' }, { text: 'two' }]);
  const recording = await openCassette({ file, mode: 'once', inner });
  expect([await textOf(recording, '1'), await textOf(recording, '2'), await textOf(recording, '1')]).toEqual([
    'one',
    'two',
    'one',
  ]);
  const replayed = await openCassette({ file });
  expect([await textOf(replayed, '2'), await textOf(replayed, '1')]).toEqual(['two', 'one']);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { readonly key: string }).key)).toEqual([
    cassetteKey(proposalOf({ seed: '1' })),
    cassetteKey(proposalOf({ seed: '2' })),
  ]);
});

test('the modes of a cassette differ in what they ask and record', async () => {
  const modes = {
    none: ['one', 'miss'],
    once: ['one', 'miss'],
    new: ['one', 'asked'],
    all: ['asked', 'asked again'],
  } as const;
  for (const [mode, expected] of Object.entries(modes)) {
    const file = join(folder, `${mode}.jsonl`);
    await textOf(await openCassette({ file, mode: 'once', inner: createScripted([{ text: 'one' }]) }), '1');
    const inner = createScripted([{ text: 'asked' }, { text: 'asked again' }]);
    const cassette = await openCassette({ file, mode: mode as keyof typeof modes, inner });
    expect([await textOf(cassette, '1'), await textOf(cassette, '2').catch(() => 'miss')]).toEqual(expected);
    expect(await textOf(await openCassette({ file }), '1')).toBe(expected[0]);
  }
});

test('a request that was not recorded is an error that shows the nearest one that was', async () => {
  const file = join(folder, 'missing.jsonl');
  const inner = createScripted([{ text: 'one' }, { text: 'two' }]);
  const recording = await openCassette({ file, mode: 'new', inner });
  await recording.propose(proposalOf({ prompt: 'a\nb\nc' }), NEVER);
  await recording.propose(proposalOf({ prompt: 'x\ny\nz' }), NEVER);
  const asked = (await openCassette({ file })).propose(proposalOf({ prompt: 'a\nb\nd' }), NEVER);
  const nearest = cassetteKey(proposalOf({ prompt: 'a\nb\nc' })).slice(0, 12);
  await expect(asked).rejects.toThrow(
    coded('CASSETTE_MISS', `the nearest of its 2 requests is ${nearest}, where "d" differs`),
  );
});

test('a request of another seed than those recorded is told which they are, how many answers there are, and the next step', async () => {
  const file = join(folder, 'seeds.jsonl');
  const inner = createScripted(Array.from({ length: 8 }, (_, index) => ({ text: `answer ${index}` })));
  const recording = await openCassette({ file, mode: 'new', inner });
  for (const seed of ['1/1/0/0', '1/2/0/0', '7/1/0/0']) await textOf(recording, seed);
  const replayed = await openCassette({ file });
  await expect(textOf(replayed, '99/1/0/0')).rejects.toThrow(
    coded(
      'CASSETTE_MISS',
      `the cassette ${file} has no answer for the seed 99 ("99/1/0/0"): its 3 answers are of the seeds 1, 7; ask with --seed 1, or record = "new"`,
    ),
  );
  await expect(textOf(replayed, '1/3/0/0')).rejects.toThrow(
    coded('CASSETTE_MISS', 'the nearest of its 3 requests is '),
  );
  await expect(textOf(replayed, '1/3/0/0')).rejects.toThrow(coded('CASSETTE_MISS', 'record = "new"'));
  for (const seed of ['10', '11', '12', '13', '14']) await textOf(recording, seed);
  await expect(textOf(await openCassette({ file }), '99')).rejects.toThrow(
    coded('CASSETTE_MISS', 'its 8 answers are of the seeds 1, 7, 10, 11, 12 and 2 more'),
  );
});

test('a cassette whose requests say no seed is told by what is nearest', async () => {
  const file = join(folder, 'no-seed.jsonl');
  await writeFile(file, `${JSON.stringify({ request: { prompt: 'a' }, text: 'one' })}\n`);
  await expect(textOf(await openCassette({ file }), '99')).rejects.toThrow(
    coded('CASSETTE_MISS', 'the nearest of its 1 requests is '),
  );
});

test('a cassette that was changed, is none, or has nobody to record is refused', async () => {
  const file = join(folder, 'changed.jsonl');
  await textOf(await openCassette({ file, mode: 'once', inner: createScripted([{ text: 'one' }]) }));
  await writeFile(file, (await readFile(file, 'utf8')).replace('Improve', 'Worsen'));
  await expect(openCassette({ file })).rejects.toThrow(coded('CASSETTE_INVALID', 'the key of line 1'));
  await writeFile(file, 'nonsense\n');
  await expect(openCassette({ file })).rejects.toThrow(coded('CASSETTE_INVALID', 'line 1'));
  await expect(openCassette({ file: join(folder, 'nowhere') })).rejects.toThrow(
    coded('CASSETTE_INVALID', 'there is no cassette'),
  );
  await expect(openCassette({ file, mode: 'all', inner: createEcho() })).rejects.toThrow(
    coded('CASSETTE_INVALID', 'line 1'),
  );
  await expect(openCassette({ file: folder })).rejects.toThrow(coded('CASSETTE_INVALID', 'cannot be read'));
  await expect(openCassette({ file: join(folder, 'none'), mode: 'once' })).rejects.toThrow(
    coded('CASSETTE_INVALID', 'nobody'),
  );
});

test('a line that was cut when a process was killed is recorded anew, and a whole one without an end is kept', async () => {
  const file = join(folder, 'cut.jsonl');
  const recording = await openCassette({
    file,
    mode: 'new',
    inner: createScripted([{ text: 'one' }, { text: 'two' }]),
  });
  await textOf(recording, '1');
  await textOf(recording, '2');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.slice(0, -10));
  await expect(openCassette({ file })).rejects.toThrow(coded('CASSETTE_INVALID', 'line 2'));
  const again = await openCassette({ file, mode: 'new', inner: createScripted([{ text: 'two' }]) });
  expect([await textOf(again, '1'), await textOf(again, '2')]).toEqual(['one', 'two']);
  expect(await readFile(file, 'utf8')).toBe(text);
  await writeFile(file, text.trimEnd());
  const more = await openCassette({ file, mode: 'new', inner: createScripted([{ text: 'three' }]) });
  expect([await textOf(more, '2'), await textOf(more, '3')]).toEqual(['two', 'three']);
  const longer = await readFile(file, 'utf8');
  expect(longer.startsWith(text)).toBe(true);
  expect(longer.trimEnd().split('\n')).toHaveLength(3);
});
