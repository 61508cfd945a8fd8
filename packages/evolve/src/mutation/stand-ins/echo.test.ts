import { expect, test } from 'vitest';
import { NEVER, proposalOf } from '../mutation.fixture.ts';
import { createEcho } from './echo.ts';

test('echo answers what it was asked', async () => {
  expect(await createEcho().propose(proposalOf({ prompt: '12345678' }), NEVER)).toEqual({
    text: '12345678',
    usage: { inputTokens: 2, outputTokens: 2, costUsd: 0 },
  });
});
