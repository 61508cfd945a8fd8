import { expect, test } from 'vitest';
import { coded } from '../../coded.fixture.ts';
import { applyAnswer } from '../apply-answer.ts';
import { NEVER, proposalOf } from '../mutation.fixture.ts';
import { createChoices } from './choices.ts';
import { createNumbered } from './numbered.ts';

const SOURCE = `const PLAN = {\n  one: 'a', // one of 'a' | 'b' | 'c'\n  two: 10, // one of 1 | 10\n};\nexport const solve = () => PLAN;\n`;

test('one choice is changed to another that may stand there, the same by the same seed, and each is drawn', async () => {
  const changed = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    const request = proposalOf({ parent: SOURCE, seed: `1/${seed}/0/0` });
    const { text } = await createChoices().propose(request, NEVER);
    expect(await createChoices().propose(request, NEVER)).toMatchObject({ text });
    changed.add(applyAnswer(SOURCE, text, 'diff'));
  }
  expect(changed).toEqual(
    new Set([SOURCE.replace("'a',", "'b',"), SOURCE.replace("'a',", "'c',"), SOURCE.replace('10,', '1,')]),
  );
});

test('where nothing may be chosen it says so', async () => {
  const request = proposalOf({ parent: 'export const solve = () => 1;\n' });
  await expect(createChoices().propose(request, NEVER)).rejects.toThrow(coded('MUTATION_FAILED', 'one of'));
});

test('a script of a run is read by the numbers of evaluations, whoever is asked first', async () => {
  const script = createNumbered([{ text: 'first' }, { fail: { status: 503, message: 'busy' } }], 'the script');
  const asked = (seed: string) => script.propose(proposalOf({ seed }), NEVER);
  await expect(asked('1/2/0/0')).rejects.toThrow(coded('BACKEND_FAILED', '503'));
  expect(await asked('1/1/0/0')).toMatchObject({ text: 'first' });
  expect(await asked('1/1/3/2')).toMatchObject({ text: 'first' });
  await expect(asked('1/3/0/0')).rejects.toThrow(coded('SCRIPT_EXHAUSTED', 'evaluation 3'));
});
