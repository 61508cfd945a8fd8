import type { JsonObject, Result, Task } from '@bulkhead/sdk';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RenderHandler } from '../main.ts';
import manifest from '../plugin.json' with { type: 'json' };
import { renderTemplate } from '../render-template.ts';

const handler = new RenderHandler({});
const task = (payload: JsonObject): Task => ({
  ...{ kind: 'render', id: '0123456789abcdef', payload, requires: ['cpu'], attempts: 0 },
  created_at: '2026-01-01T00:00:00Z',
  schema_v: 1,
});
const render = (payload: JsonObject): Result => handler.handle(task(payload));

test('it renders a template with variables, and passes on where it goes [X000-18] [F000-7]', () => {
  const { status, data, task_id, attempts } = render({
    template: 'Hi {{who}}.',
    vars: { who: 'Ada' },
    dest: 'out/hi.txt',
  });
  expect({ status, data, task_id, attempts }).toEqual({
    status: 'ok',
    data: { rendered: 'Hi Ada.', dest: 'out/hi.txt' },
    task_id: '0123456789abcdef',
    attempts: 1,
  });
});

test('it needs a processor and nothing else, and takes tasks of its kind alone [F000-4] [F000-5] [F000-6]', () => {
  expect(handler).toMatchObject({ KIND: 'render', PROVIDES: ['cpu'] });
  expect(manifest.required_permissions).toEqual([]);
  expect(handler.dispatch(task({}))).toBe(true);
  expect(handler.dispatch({ ...task({}), kind: 'mutate' })).toBe(false);
  expect(new RenderHandler({ enabled: false }).dispatch(task({}))).toBe(false);
});

test.for<[string, JsonObject, string]>([
  ['{{a}}-{{ a }}', { a: 1 }, '1-1'],
  ['{{a.b.1}}', { a: { b: [true, 'x'] } }, 'x'],
  [
    '{{#list}}[{{name}}{{^last}}, {{/last}}]{{/list}}',
    {
      list: [
        { name: 'a', last: false },
        { name: 'b', last: true },
      ],
    },
    '[a, ][b]',
  ],
  ['{{#list}}{{.}};{{/list}}', { list: ['x', 'y'] }, 'x;y;'],
  ['{{#on}}yes{{/on}}{{^on}}no{{/on}}', { on: 'text' }, 'yes'],
  ['{{#on}}yes{{/on}}{{^on}}no{{/on}}', { on: [] }, 'no'],
  ['{{#outer}}{{word}}{{/outer}}', { word: 'w', outer: { other: 1 } }, 'w'],
  ['{{a|json}} {{a|html}}', { a: '<"&' }, '"<\\"&" &lt;&quot;&amp;'],
  ['{{a|json}}', { a: { b: null } }, '{"b":null}'],
  ['\\{{a}} {{! a note }}.', { a: 1 }, '{{a}} .'],
  ['a\n{{#list}}\n  - {{.}}\n{{/list}}\nb\n', { list: [1, 2] }, 'a\n  - 1\n  - 2\nb\n'],
  ['a\r\n  {{! alone }}\r\nb', {}, 'a\r\nb'],
  ['', {}, ''],
])('%j with %j is rendered', ([template, vars, expected]) => {
  expect(renderTemplate(template, vars)).toBe(expected);
});

test.for<[JsonObject, string]>([
  [{ template: 'a\n{{b.c}}', vars: { b: {} } }, 'line 2: there is no variable b.c; expected it in vars'],
  [{ template: '{{#gone}}x{{/gone}}' }, 'there is no variable gone'],
  [{ template: '{{constructor}}' }, 'there is no variable constructor'],
  [{ template: '{{a.length}}', vars: { a: [1] } }, 'there is no variable a.length'],
  [{ template: '{{a}}', vars: { a: [1] } }, 'a is a list; expected a text'],
  [{ template: '{{a}}', vars: { a: null } }, 'a is null'],
  [{ template: '{{#a}}' }, 'the section a is not closed'],
  [{ template: '{{#a}}{{/b}}', vars: { a: 1, b: 1 } }, '{{/b}} closes no section; expected {{/a}}'],
  [{ template: '{{/b}}' }, 'no section is open'],
  [{ template: 'x {{a' }, 'a tag is not closed'],
  [{ template: '{{a|shell}}', vars: { a: 1 } }, 'unknown escape'],
  [{ template: '{{process.exit()}}' }, 'is no name of a variable'],
  [{ template: '{{#a}}'.repeat(33), vars: { a: 1 } }, 'nested more than 32 deep'],
  [{ template: 'x'.repeat(204_801) }, 'the template has 204801 bytes; expected at most 204800'],
  [{ template: 7 }, 'payload.template is no text'],
  [{ template: '', vars: [] }, 'payload.vars is no object'],
  [{ template: '', dest: 3 }, 'payload.dest is no path'],
])('%j is an error that no second attempt cures [F000-45]', ([payload, message]) => {
  expect(render(payload)).toMatchObject({
    status: 'error',
    data: { retryable: false, message: expect.stringContaining(message) },
  });
});

test('lists in lists end at the bounds of output and of work', () => {
  const list = Array.from({ length: 1_000 }, () => 'x'.repeat(10));
  const deep = '{{#l}}{{#l}}{{.}}{{/l}}{{/l}}';
  expect(() => renderTemplate(`${deep}${deep}`, { l: list })).toThrow('characters are rendered');
  expect(() => renderTemplate('{{#l}}{{#l}}{{#e}}{{/e}}{{/l}}{{/l}}', { l: list, e: [] })).toThrow(
    'pieces are rendered',
  );
});

test('a text without braces is rendered as it is, and values are never read as templates', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, value) => {
      const plain = text.replaceAll('{', '(');
      expect(renderTemplate(`${plain}|{{v}}`, { v: value })).toBe(`${plain}|${value}`);
    }),
  );
});
