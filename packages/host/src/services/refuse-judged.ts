/**
 * What a plugin in a harness is refused: all that it asks of the host, where nothing is granted to it; and always what only a plugin
 * that serves may have, since the events are the live plugin's to hear, and nobody would look after its threads.
 */
import { callError, type ServiceAnswer, type ServiceAsk } from '@bulkhead/protocol';
import type { AnswerGuest } from '../sandbox/sandbox.ts';
import { answerOf } from './desk.ts';

const HINT =
  'Judge it by cases that need nothing of the host; what it does with the host’s services is seen where it serves.';

/** Refuses every ask with `PERMISSION_NOT_GRANTED`; never rejects. */
export const refuseJudged: AnswerGuest = async (ask) => refuse(ask, 'where nothing is granted');

/** Refuses subscriptions and threads with `PERMISSION_NOT_GRANTED`, whatever is granted; what else is asked `answer` answers. */
export function refuseBackground(answer: AnswerGuest): AnswerGuest {
  return async (ask, call) =>
    BACKGROUND.includes(nameOf(ask)) ? refuse(ask, 'where no events are heard and no threads run') : answer(ask, call);
}

const BACKGROUND: readonly string[] = ['events.subscribe', 'threads.start'];

function refuse(ask: ServiceAsk, where: string): ServiceAnswer {
  const asked = JSON.stringify(nameOf(ask).slice(0, 80));
  return answerOf(
    callError('PERMISSION_NOT_GRANTED', {
      message: `the plugin runs in a harness, ${where}; it asked for ${asked}`,
      hint: HINT,
    }),
  );
}

function nameOf({ service, method }: ServiceAsk): string {
  return `${service}.${method}`;
}
