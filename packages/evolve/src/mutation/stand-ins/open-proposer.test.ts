import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coded } from '../../coded.fixture.ts';
import { NEVER, proposalOf } from '../mutation.fixture.ts';
import type { Proposer } from '../proposer.ts';
import { createGrammar } from './grammar.ts';
import { openProposer } from './open-proposer.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-stand-ins-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function textOf(proposer: Proposer, seed = '1/0'): Promise<string> {
  return (await proposer.propose(proposalOf({ seed }), NEVER)).text;
}

test('a slow answer ends when the signal fires', async () => {
  const controller = new AbortController();
  const proposer = await openProposer('faulty:slow');
  const asked = proposer.propose(proposalOf(), controller.signal);
  controller.abort(new Error('enough'));
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
});

test('stand-ins are opened by how they are written', async () => {
  const file = join(folder, 'answers.json');
  await writeFile(file, '["one"]');
  expect(await textOf(await openProposer(`scripted:${file}`))).toBe('one');
  expect(await textOf(await openProposer('echo'))).toBe('Improve it.');
  expect(await textOf(await openProposer('grammar'))).toBe(await textOf(createGrammar()));
  expect(await textOf(await openProposer('grammar:seed=7'))).toBe(
    await textOf(await openProposer('grammar', { seed: 7 })),
  );
  await expect(textOf(await openProposer('faulty:503,ok'))).rejects.toThrow(coded('BACKEND_FAILED', '503'));
  const wrong = {
    '': 'expected scripted:FILE',
    gpt: '"gpt"',
    'scripted:': 'names no file',
    cassette: 'names no file',
    'echo:x': 'expected echo alone',
    'grammar:7': 'expected seed=N',
    'faulty:slow,wrong': '"wrong"',
    faulty: 'fault ""',
    'scripted:/nowhere.json': 'cannot be read',
  };
  for (const [spec, message] of Object.entries(wrong)) {
    await expect(openProposer(spec)).rejects.toThrow(coded('BACKEND_INVALID', message));
  }
});
