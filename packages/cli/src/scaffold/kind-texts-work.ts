/**
 * Texts of kinds that do work: a task handler that renders, and an LLM backend that echoes.
 */
import type { EntryKind, KindTexts } from './kind-sources.ts';

/** By kind. */
export const WORK_TEXTS: Readonly<Record<Extract<EntryKind, 'task-handler' | 'llm-backend'>, KindTexts>> = {
  'task-handler': {
    group: 'task_handlers',
    about: 'Renders templates.',
    usage: `It handles tasks of kind \`render\` whose payload has a \`template\`, and provides the capability tag \`cpu\`.

| in the payload | meaning                                          |
| -------------- | ------------------------------------------------ |
| \`template\`     | a text with \`{{name}}\` in it, at most 204,800 bytes |
| \`vars\`         | texts by name                                    |

\`bulkhead render --template FILE --vars JSON --plugins . --handler NAME\` has it do one, without a queue; NAME is that of its entry point.`,
    types: ['Task', 'JsonObject'],
    values: ['TaskHandler', 'TaskKind', 'Result'],
    className: 'Renderer',
    shared: `/** Longest template, in bytes of UTF-8. */
const TEMPLATE_BYTES_MAX = 204_800;

/** Puts the variables into the template; what is not named stays as it is. */
function render(payload«: JsonObject»)«: string» {
  const { template, vars = {} } = payload;
  if (typeof template !== 'string') throw new TypeError('payload.template is no text');
  if (Buffer.byteLength(template) > TEMPLATE_BYTES_MAX) throw new RangeError('payload.template is too long');
  return template.replaceAll(/\\{\\{(\\w+)\\}\\}/g, (whole«: string», name«: string») => {
    const value = (vars« as JsonObject»)[name];
    return typeof value === 'string' ? value : whole;
  });
}

`,
    classBody: `export class Renderer extends TaskHandler {
  «readonly »KIND = TaskKind.RENDER;
  «readonly »PROVIDES = ['cpu'];

  /** The same task twice does no harm: it only computes. */
  handle(task«: Task»)«: Result» {
    try {
      return Result.ok(task, { rendered: render(task.payload) });
    } catch (error) {
      return Result.error(task, error instanceof Error ? error.message : 'it cannot be rendered');
    }
  }
}
`,
    factoryBody: `/** A result of a task, with all that the wire asks for. */
function resultOf(task«: Task», status«: 'ok' | 'error'», data«: JsonObject») {
  const created_at = \`\${new Date().toISOString().slice(0, 19)}Z\`;
  return { task_id: task.id, status, data, created_at, attempts: task.attempts + 1 };
}

export function createRenderer(_config«: JsonObject») {
  return {
    KIND: 'render',
    PROVIDES: ['cpu'],
    dispatch: (task«: Task») => task.kind === 'render',
    /** The same task twice does no harm: it only computes. */
    handle(task«: Task») {
      try {
        return resultOf(task, 'ok', { rendered: render(task.payload) });
      } catch (error) {
        return resultOf(task, 'error', { message: error instanceof Error ? error.message : '', retryable: false });
      }
    },
  };
}
`,
    tests: `const task = {
  kind: 'render'« as const»,
  id: '0123456789abcdef',
  payload: { template: 'Hello, {{name}}.', vars: { name: 'Ada' } },
  requires: [],
  attempts: 0,
  created_at: '2026-01-01T00:00:00Z',
  schema_v: 1,
};

test('it takes tasks of its kind alone', () => {
  assert.equal(made.dispatch(task), true);
  assert.equal(made.dispatch({ ...task, kind: 'execute' }), false);
});

test('it renders', () => {
  const { status, data } = made.handle(task);
  assert.deepEqual({ status, data }, { status: 'ok', data: { rendered: 'Hello, Ada.' } });
});

test('a task without a template is an error that no second attempt cures', () => {
  const { status, data } = made.handle({ ...task, payload: {} });
  assert.deepEqual({ status, data }, { status: 'error', data: { message: 'payload.template is no text', retryable: false } });
});
`,
  },
  'llm-backend': {
    group: 'llm_backends',
    about: 'Answers a prompt with its own words.',
    usage: `It answers piece by piece, with the prompt's last words, at most \`max_tokens\` of them. A backend that asks a provider needs
the permission \`internet\`, the provider's host under \`network.allow\`, and its key under \`secrets\` in \`plugin.json\`; name the
environment variable or secret here.`,
    types: ['GenerateOptions', 'GeneratedPiece', 'JsonObject'],
    values: ['LLMBackend'],
    className: 'Echo',
    shared: `/** Words of the answer at the most, where the caller says nothing. */
const WORDS_MAX = 4_096;

/** The answer, piece by piece; the last says what all of it cost, in words instead of tokens. */
async function* answer(prompt«: string», options«: GenerateOptions»)«: AsyncGenerator<GeneratedPiece>» {
  const words = String(prompt).split(/\\s+/).filter(Boolean);
  const said = words.slice(-Math.max(1, options?.max_tokens ?? WORDS_MAX));
  for (const [index, word] of said.entries()) yield index === 0 ? word : \` \${word}\`;
  yield { usage: { input_tokens: words.length, output_tokens: said.length }, finish_reason: 'stop' };
}

`,
    classBody: `export class Echo extends LLMBackend {
  generate(prompt«: string», options«: GenerateOptions») {
    return answer(prompt, options);
  }
}
`,
    factoryBody: `export function createEcho(_config«: JsonObject») {
  return { generate: answer };
}
`,
    tests: `test('it answers with the last words, and says what that cost', async () => {
  const pieces = await Array.fromAsync(made.generate('say hello to Ada', { max_tokens: 2 }));
  assert.deepEqual(pieces, ['to', ' Ada', { usage: { input_tokens: 4, output_tokens: 2 }, finish_reason: 'stop' }]);
});

test('an empty prompt has an empty answer', async () => {
  const pieces = await Array.fromAsync(made.generate('', {}));
  assert.deepEqual(pieces, [{ usage: { input_tokens: 0, output_tokens: 0 }, finish_reason: 'stop' }]);
});
`,
  },
};
