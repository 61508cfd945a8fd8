import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { completeDevLine, parseDevCommand } from './dev-command.ts';
import { openPrompt } from './dev-prompt.ts';

const TOOLS = ['add', 'append', 'divide'];

test('a tool and its parameters are a call; without any it gets none', () => {
  expect(parseDevCommand('add {"a": 1}', TOOLS)).toEqual({ kind: 'call', tool: 'add', params: { a: 1 } });
  expect(parseDevCommand('  add  ', TOOLS)).toEqual({ kind: 'call', tool: 'add', params: {} });
});

test.each([
  ['add {a: 1}', 'the parameters of add are {a: 1}; expected a JSON object, such as {"a":1}'],
  ['add [1]', 'the parameters of add are [1]; expected a JSON object, such as {"a":1}'],
  ['ad {}', 'there is no tool ad; did you mean add; it offers add, append, divide'],
  ['.tool', 'there is no .tool; did you mean .tools; .help lists all'],
  ['.logs many', '.logs takes a whole number from 1 to 1000, not many'],
])('%s is answered with what is wrong', (line, message) => {
  expect(parseDevCommand(line, TOOLS)).toEqual({ kind: 'wrong', message });
});

test('the first word is completed to tools and commands, parameters are not', () => {
  expect(completeDevLine('a', TOOLS)).toEqual([['add ', 'append '], 'a']);
  expect(completeDevLine('.t', TOOLS)).toEqual([['.tools'], '.t']);
  expect(completeDevLine('add {"a', TOOLS)[0]).toEqual([]);
});

type Typed = { readonly input: PassThrough; readonly output: PassThrough; readonly screen: () => string };

function openTyped(): Typed {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let text = '';
  output.setEncoding('utf8').on('data', (more: string) => (text += more));
  return { input, output, screen: () => text };
}

test('on a terminal a tabulator completes, and a line that comes meanwhile leaves what is typed below it', async () => {
  const { input, output, screen } = openTyped();
  const lines: string[] = [];
  const prompt = openPrompt({
    ...{ input, output, isTerminal: true, prompt: '> ' },
    tools: () => TOOLS,
    onLine: async (line) => void lines.push(line),
    onQuit: () => undefined,
  });
  input.write('div\t');
  await expect.poll(screen).toContain('divide ');
  prompt.around(() => output.write('a log line\n'));
  await expect.poll(screen).toContain('\r\u001B[2Ka log line\n');
  await expect.poll(screen).toMatch(/a log line\n.*> divide /s);
  input.write('{"a":1}\r');
  await expect.poll(() => lines).toEqual(['divide {"a":1}']);
  prompt.close();
});

test('an interrupt on a terminal ends it, the end of a pipe does not', async () => {
  const ends: string[] = [];
  const open = (isTerminal: boolean, name: string): PassThrough => {
    const { input, output } = openTyped();
    openPrompt({
      ...{ input, output, isTerminal, prompt: '> ' },
      tools: () => TOOLS,
      onLine: async () => undefined,
      onQuit: () => void ends.push(name),
    });
    return input;
  };
  open(false, 'pipe').end();
  open(true, 'terminal').write('\u0003');
  await expect.poll(() => ends).toEqual(['terminal']);
});
