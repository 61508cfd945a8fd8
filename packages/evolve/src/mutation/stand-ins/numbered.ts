/**
 * A script for searches: answer n is for evaluation n, however often it is asked and whoever is asked first, so that a search that goes on
 * after a crash is answered as it would have been.
 */
import { EvolveError } from '../../evolve-error.ts';
import { estimatedUsage, type Proposer } from '../proposer.ts';
import type { ScriptedAnswer } from './scripted.ts';

/** Makes it. `propose` rejects with `SCRIPT_EXHAUSTED` where there is no answer of the number. */
export function createNumbered(answers: readonly ScriptedAnswer[], name: string): Proposer {
  return {
    propose: async (request, signal) => {
      signal.throwIfAborted();
      const number = evaluationOf(request.seed);
      const answer = answers[number - 1];
      if (answer === undefined) {
        throw new EvolveError(
          'SCRIPT_EXHAUSTED',
          `${name} has ${answers.length} answers, and this is evaluation ${number}; expected an answer for each evaluation`,
        );
      }
      if ('fail' in answer) {
        const { status, message } = answer.fail;
        throw new EvolveError('BACKEND_FAILED', `the scripted backend fails: ${status} ${message}`);
      }
      return { text: answer.text, usage: answer.usage ?? estimatedUsage(request, answer.text) };
    },
  };
}

/** A search asks with seeds of the form RUN/EVALUATION/RESAMPLE/ATTEMPT. */
function evaluationOf(seed: string): number {
  return Number(seed.split('/').at(-3));
}
