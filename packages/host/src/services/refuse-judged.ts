/**
 * What a plugin in a harness is answered, whatever it asks of the host: it is judged and serves nobody, so that nothing is granted
 * to it and nothing that it does is kept.
 */
import { callError } from '@bulkhead/protocol';
import type { AnswerGuest } from '../sandbox/sandbox.ts';
import { answerOf } from './desk.ts';

const HINT =
  'Judge it by cases that need nothing of the host; what it does with the host’s services is seen where it serves.';

/** Refuses every ask with `PERMISSION_NOT_GRANTED`; never rejects. */
export const refuseJudged: AnswerGuest = async ({ service, method }) => {
  const asked = JSON.stringify(`${service}.${method}`.slice(0, 80));
  return answerOf(
    callError('PERMISSION_NOT_GRANTED', {
      message: `the plugin runs in a harness, where nothing is granted; it asked for ${asked}`,
      hint: HINT,
    }),
  );
};
