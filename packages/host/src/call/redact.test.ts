import { REDACTED, redactText } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { redactValue } from './redact.ts';

const PLACEHOLDER = `bulkhead_secret_${'a1'.repeat(19)}b`;

test('a placeholder of the host’s own goes from values and names as secrets do', () => {
  expect(redactValue({ at: PLACEHOLDER, [PLACEHOLDER]: ['password=a'] }, redactText)).toEqual({
    at: REDACTED,
    [REDACTED]: [`password=${REDACTED}`],
  });
});

test('whoever embeds the host decides what else is secret, and placeholders go all the same', () => {
  const redacted = redactValue({ who: `Ada ${PLACEHOLDER}` }, (text) => text.replace('Ada', '…'));
  expect(redacted).toEqual({ who: `… ${REDACTED}` });
});
