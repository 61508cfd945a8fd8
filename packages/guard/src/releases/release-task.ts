/**
 * The task of comparing a release with the live one: what must hold of an answer, by what the live release answered beforehand. What is
 * expected never leaves this process, so that no guest can look it up.
 */
import type { JsonValue } from '@bulkhead/protocol';
import { defineTask } from '../task/define-task.ts';
import type { Task } from '../task/task.ts';
import { fromResult, type ReleaseCall } from './answer.ts';
import { answerText, expectedText, isSameValue, passes, type AnswersMode, type Expected } from './expected.ts';
import { callKey, type Gathered } from './gather-cases.ts';

/** The hard property. */
const ANSWERS_AS_LIVE = 'answers_as_live';

/**
 * Makes it of what was gathered. It has no relations. It names no clusters: tools are not drawn from many, all of them are there, and
 * each case is drawn by itself, from a tenant's calls or from a schema; nothing of one carries over to the next that is not
 * judged there as well.
 */
export function releaseTask(
  { calls, expected }: Pick<Gathered, 'calls' | 'expected'>,
  { plugin, answers }: { readonly plugin: string; readonly answers: AnswersMode },
): Task<[ReleaseCall]> {
  const expectedFor = (call: ReleaseCall): Expected | undefined => expected.get(callKey(call));
  return defineTask<[ReleaseCall], JsonValue>({
    name: `release:${plugin}`,
    generate: () => calls.map((call): [ReleaseCall] => [call]),
    properties: [
      {
        name: ANSWERS_AS_LIVE,
        description: 'it answers as the live release does',
        pre: (call) => expectedFor(call) !== undefined,
        check: (out, call) => {
          const wanted = expectedFor(call);
          const answer = fromResult(out);
          if (wanted === undefined || passes(wanted, answer, answers)) return true;
          return `expected ${expectedText(wanted, answers)}, got ${answerText(answer)}`;
        },
      },
      {
        name: 'same_answer',
        description: 'its value is the one that the live release gave each time',
        mode: 'soft',
        pre: (call) => expectedFor(call)?.kind === 'same',
        check: (out, call) => {
          const answer = fromResult(out);
          const wanted = expectedFor(call);
          return wanted !== undefined && answer.kind === 'ok' && isSameValue(wanted, answer.value);
        },
      },
    ],
    format: { args: (args) => `${args[0].tool} ${JSON.stringify(args[0].params)}` },
  });
}
