import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeTarget, type TargetRules } from './target.ts';

const RULES: TargetRules = {
  allow: ['api.example.com:443', '*.cdn.example.com:8443', 'localhost:11434', 'insecure.example.com:80'],
  privateHosts: ['localhost:11434', '127.0.0.1:9000'],
};
const judge = (url: string, rules = RULES) => judgeTarget(url, rules);
const refusedBy = (url: string, rules = RULES): string | undefined => {
  const judged = judge(url, rules);
  return judged.ok ? undefined : judged.rule;
};

test.each([
  ['https://api.example.com/v1?q=1#part', 'api.example.com:443', 'https://api.example.com/v1?q=1'],
  ['https://API.Example.com:443/', 'api.example.com:443', 'https://api.example.com/'],
  ['https://api.example.com./', 'api.example.com:443', 'https://api.example.com/'],
  ['https://a.b.cdn.example.com:8443/x', 'a.b.cdn.example.com:8443', 'https://a.b.cdn.example.com:8443/x'],
])('%s goes to %s', (url, hostPort, href) => {
  expect(judge(url)).toEqual({ ok: true, target: { hostPort, host: hostPort.split(':')[0], href, isPrivate: false } });
});

test('what the operator lists may be private, and be spoken to without encryption', () => {
  expect(judge('http://localhost:11434/api')).toMatchObject({ ok: true, target: { isPrivate: true } });
  expect(judge('https://localhost:11434/api')).toMatchObject({ ok: true, target: { isPrivate: true } });
});

test.each([
  [
    'no URL',
    'url',
    ['', 'api.example.com', '//api.example.com', 'https://', 'https://api example.com/', 'https://[::1/'],
  ],
  [
    'another scheme',
    'scheme',
    [
      'ftp://api.example.com/',
      'file:///etc/passwd',
      'data:text/plain,a',
      'ws://api.example.com/',
      'http://api.example.com:443/',
      'http://insecure.example.com/',
    ],
  ],
  [
    'a name and a password in it',
    'userinfo',
    ['https://user@api.example.com/', 'https://user:pass@api.example.com/', 'https://api.example.com@evil.example/'],
  ],
  [
    'another host',
    'host',
    [
      'https://evil.example/',
      'https://api.example.com.evil.example/',
      'https://xapi.example.com/',
      'https://cdn.example.com:8443/',
      'https://acdn.example.com:8443/',
      'https://localhost/',
    ],
  ],
  [
    'another port',
    'host',
    ['https://api.example.com:8443/', 'https://api.example.com:80/', 'https://a.cdn.example.com/'],
  ],
  [
    'an address',
    'address_literal',
    [
      'https://93.184.216.34/',
      'https://127.1/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://0177.0.0.1/',
      'https://[::1]/',
      'https://[::ffff:7f00:1]/',
      'https://１２７.0.0.1/',
      'https://①27.0.0.1/',
    ],
  ],
  ['a look-alike name', 'host', ['https://api.examplе.com/', 'https://аpi.example.com/']],
])('[FAULTS-96] %s is refused by the rule %s', (_what, rule, urls) => {
  expect(urls.map((url) => [url, refusedBy(url)])).toEqual(urls.map((url) => [url, rule]));
});

test('[FAULTS-96] an address is reached only where plugin and operator both list it', () => {
  const url = 'http://127.0.0.1:9000/';
  expect(refusedBy(url)).toBe('address_literal');
  expect(judge(url, { ...RULES, allow: ['127.0.0.1:9000'] })).toMatchObject({ ok: true, target: { isPrivate: true } });
  expect(refusedBy(url, { allow: ['127.0.0.1:9000'], privateHosts: [] })).toBe('address_literal');
});

test('a refusal names what was asked and what is allowed, and never what may be secret in a path', () => {
  const judged = judge('https://evil.example/token/abc?key=def');
  expect(judged).toMatchObject({ ok: false, target: 'evil.example:443' });
  expect(JSON.stringify(judged)).not.toMatch(/abc|def/);
  expect(judged).toMatchObject({ message: expect.stringContaining('api.example.com:443') });
});

test('[FAULTS-96] no text at all leads anywhere but to what is listed', () => {
  const url = fc.oneof(
    fc.webUrl({ validSchemes: ['http', 'https'], withQueryParameters: true }),
    fc
      .tuple(fc.constantFrom('https://', 'HTTPS:\\\\', 'https:/'), fc.string({ unit: 'binary' }))
      .map((parts) => parts.join('')),
    fc
      .tuple(fc.string(), fc.constantFrom('@', '.', '%2e', '\\', '#', '?', ':'))
      .map(([text, sign]) => `https://api.example.com${sign}${text}`),
  );
  fc.assert(
    fc.property(url, (text) => {
      const judged = judge(text);
      if (judged.ok)
        expect(judged.target.hostPort).toMatch(
          /^(?:api\.example\.com:443|.+\.cdn\.example\.com:8443|localhost:11434)$/,
        );
    }),
    { numRuns: 3_000 },
  );
});
