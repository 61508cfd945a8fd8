import { expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { EDIT_BYTES_MAX } from './edit-bounds.ts';
import { applyFullRewrite } from './full-rewrite.ts';

test('a full rewrite is the one code fence, with the line ends of what it replaces', () => {
  expect(applyFullRewrite('old\n', 'Here:\n```ts\nconst a = 1;\n```\nDone.')).toBe('const a = 1;\n');
  expect(applyFullRewrite('old\r\nold', '````\n```\nb\n````')).toBe('```\r\nb');
  expect(() => applyFullRewrite('', 'const a = 1;')).toThrow(coded('EDIT_INVALID', '0 code fences'));
  expect(() => applyFullRewrite('', '```\na\n```\n```\nb\n```')).toThrow(coded('EDIT_INVALID', '2 code fences'));
  expect(() => applyFullRewrite('', '```ts\nconst a')).toThrow(coded('EDIT_INVALID', 'not closed'));
  expect(() => applyFullRewrite('', '```\n\n```')).toThrow(coded('EDIT_INVALID', 'empty'));
  const large = `\`\`\`\n${'a'.repeat(EDIT_BYTES_MAX)}\n\`\`\``;
  expect(() => applyFullRewrite('', large)).toThrow(coded('EDIT_TOO_LARGE', '204800'));
});
