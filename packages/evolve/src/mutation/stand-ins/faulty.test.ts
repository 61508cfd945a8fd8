import { expect, test } from 'vitest';
import { coded } from '../../coded.fixture.ts';
import { mutate } from '../mutate.ts';
import { NEVER, proposalOf, SORT, SORT_DIFF } from '../mutation.fixture.ts';
import type { Proposer } from '../proposer.ts';
import { createEcho } from './echo.ts';
import { createFaulty, type Fault } from './faulty.ts';
import { createScripted } from './scripted.ts';

async function textOf(proposer: Proposer, seed = '1/0'): Promise<string> {
  return (await proposer.propose(proposalOf({ seed }), NEVER)).text;
}

test('each fault comes when the script says, and does what its name says', async () => {
  const waits: number[] = [];
  const wait = (delayMs: number): Promise<void> => {
    waits.push(delayMs);
    return Promise.resolve();
  };
  const faults: readonly Fault[] = ['503', 'truncated', 'bad_diff', 'injection', 'huge', 'slow', 'ok'];
  const answer = `\`\`\`diff\n${SORT_DIFF}\`\`\`\n`;
  const inner: Proposer = {
    propose: () => Promise.resolve({ text: answer, usage: { inputTokens: 1, outputTokens: 1, costUsd: 0 } }),
  };
  const proposer = createFaulty({ inner, wait, faults });
  await expect(textOf(proposer)).rejects.toThrow(coded('BACKEND_FAILED', '503'));
  const outcomes: string[] = [];
  for (let at = 1; at < faults.length; at += 1) {
    const text = await textOf(proposer);
    const one = { parent: SORT, fileName: 'sort.ts', entryName: 'sort', seed: 1, form: 'diff' } as const;
    const outcome = await mutate(one, createScripted(Array.from({ length: 4 }, () => ({ text }))), NEVER);
    outcomes.push(outcome.refusals[0]?.code ?? outcome.kind);
  }
  expect(outcomes).toEqual(['EDIT_INVALID', 'EDIT_MISMATCH', 'EDIT_INVALID', 'EDIT_TOO_LARGE', 'mutated', 'mutated']);
  expect(waits).toEqual([60_000]);
});

test('a seed draws the faults, the same ones each time', async () => {
  const drawn = async (seed: number): Promise<readonly string[]> => {
    const proposer = createFaulty({ inner: createEcho(), wait: () => Promise.resolve(), faults: { seed } });
    const texts: string[] = [];
    for (let at = 0; at < 30; at += 1) texts.push(await textOf(proposer).catch(() => '503'));
    return texts;
  };
  expect(await drawn(1)).toEqual(await drawn(1));
  expect(new Set(await drawn(1)).size).toBeGreaterThan(3);
});
