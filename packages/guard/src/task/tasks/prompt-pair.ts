/**
 * A worked example: two prompts that tell what a customer's message is about. `solve(message)` answers one label. With an executor
 * for models an implementation is the text of a prompt; what a mock backend answers is enough to see that the task asks
 * what it should.
 */
import fc from 'fast-check';
import { defineTask } from '../define-task.ts';
import type { Relation } from '../relations.ts';
import type { Task } from '../task.ts';

/**
 * Arguments of an implementation: the message.
 *
 * @public
 */
export type PromptPairArgs = [message: string];

/**
 * What a message may be about.
 *
 * @public
 */
export const LABELS = ['billing', 'login', 'shipping', 'other'] as const;

type Label = (typeof LABELS)[number];

/** What people write; the label of a message is that of the words in it. */
const WORDS: Readonly<Record<Label, readonly string[]>> = {
  billing: ['my invoice is wrong', 'I was charged twice', 'I want a refund'],
  login: ['I forgot my password', 'I cannot sign in', 'the code for my account never came'],
  shipping: ['my parcel is late', 'the courier left it in the rain', 'when is the delivery'],
  other: ['what are your opening hours', 'do you have this in green', 'is there a shop in Bergen'],
};
const OPENINGS = ['', 'Hello, ', 'Hi there: ', 'Sorry to bother you, but '];
const ENDINGS = ['', '.', '!', '. Please answer soon.', ' - since Tuesday.'];
/** Characters of an answer; a model that explains itself takes more. */
const ANSWER_LENGTH_MAX = 2_000;
const SHORT_LENGTH_MAX = 20;

/**
 * The task: one hard property and one soft, three relations, two metrics; answers are equal where they name the same label.
 * `group` is the label that is right.
 *
 * @public
 */
export const PROMPT_PAIR: Task<PromptPairArgs, string> = defineTask<PromptPairArgs, string>({
  name: 'prompt_pair',
  arbitraries: [
    fc
      .tuple(fc.constantFrom(...OPENINGS), fc.constantFrom(...Object.values(WORDS).flat()), fc.constantFrom(...ENDINGS))
      .map((parts) => parts.join('')),
  ],
  isResult: (value): value is string => typeof value === 'string' && value.length <= ANSWER_LENGTH_MAX,
  properties: [
    {
      name: 'one_label',
      description: 'the answer names one label and no other',
      check: (out) => labelOf(out) !== undefined || `the answer names none of ${LABELS.join(', ')}, or several`,
    },
    {
      name: 'short',
      mode: 'soft',
      description: 'the answer is the label and nothing else',
      check: (out) => out.length <= SHORT_LENGTH_MAX || `${out.length} characters`,
    },
  ],
  relations: [
    reworded('polite', (message) => `Good morning. ${message} Thank you very much.`),
    reworded('shouted', (message) => message.toUpperCase()),
    reworded('more_space', (message) => `  ${message.replaceAll(' ', '  ')}\n`),
  ],
  metrics: [
    { name: 'right', extract: (out, [message]) => (labelOf(out) === rightLabel(message) ? 1 : 0) },
    { name: 'answer_length', higherIsBetter: false, extract: (out) => out.length },
  ],
  equivalence: (one, other) => labelOf(one) === labelOf(other),
  group: ([message]) => rightLabel(message),
});

/** The same said otherwise is about the same. */
function reworded(name: string, transform: (message: string) => string): Relation<PromptPairArgs, string> {
  return {
    name,
    category: 'paraphrase',
    description: 'the same said otherwise is about the same',
    expect: 'equal',
    transform: ([message]) => [transform(message)],
  };
}

/** The label that an answer names, in any case and with words around it. */
function labelOf(answer: string): Label | undefined {
  const words = answer.toLowerCase().split(/[^a-z]+/u);
  const named = LABELS.filter((label) => words.includes(label));
  return named.length === 1 ? named[0] : undefined;
}

function rightLabel(message: string): Label {
  return LABELS.find((label) => WORDS[label].some((words) => message.includes(words))) ?? 'other';
}
