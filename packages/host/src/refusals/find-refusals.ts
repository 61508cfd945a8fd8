/**
 * What a program says that it was refused, read from its own words: the kernel refuses a system call with an error number, tells
 * nobody else of it, and most programs say it. What a program keeps to itself is not seen here. Pure.
 *
 *   Node     EACCES: permission denied, open '/etc/passwd'    spawn git EPERM    connect EACCES 1.2.3.4:443
 *   Python   PermissionError: [Errno 13] Permission denied: '/etc/shadow'
 *   anybody  GITHUB_TOKEN is not set
 */

/** What was tried: a path, a program, an address or a variable, with the error that came of it. */
export type Refused = {
  readonly what: 'file' | 'child' | 'network' | 'environment';
  readonly target: string;
  readonly error: string;
  /** The word that would permit it; null where none does. */
  readonly permission: string | null;
};

const TARGET_CHARACTERS_MAX = 200;
const TEXT_CHARACTERS_MAX = 20_000;

type Reading = {
  readonly pattern: RegExp;
  readonly read: (match: RegExpExecArray) => Refused | undefined;
};

const REFUSALS = 'EACCES|EPERM|EROFS|EFBIG|ENOENT';
const PYTHON_ERRORS: Readonly<Record<string, string>> = { 1: 'EPERM', 2: 'ENOENT', 13: 'EACCES', 30: 'EROFS' };

const READINGS: readonly Reading[] = [
  {
    pattern: /\bspawn(?:Sync)? (\S{1,200}) (EACCES|EPERM|ENOENT)\b/g,
    read: ([, target = '', error = '']) => ({ what: 'child', target, error, permission: 'children' }),
  },
  {
    pattern: new RegExp(String.raw`\b(${REFUSALS}): [^,\n]{1,80}, \w{1,20} '(/[^'\n]{0,400})'`, 'g'),
    read: ([, error = '', path = '']) => fileRefusal(path, error),
  },
  {
    pattern: /\[Errno (1|2|13|30)\] [^:\n]{1,80}: '(\/[^'\n]{0,400})'/g,
    read: ([, number = '', path = '']) => fileRefusal(path, PYTHON_ERRORS[number] ?? ''),
  },
  {
    pattern:
      /\b(?:connect|listen|bind|send|getaddrinfo|query\w{1,6}) (EACCES|EPERM|EAI_AGAIN|ENOTFOUND|ENETUNREACH)\b(?: ([\w.:[\]-]{1,255}))?/g,
    read: ([, error = '', target = '']) => ({ what: 'network', target, error, permission: 'internet' }),
  },
  {
    pattern:
      /\b([A-Z][A-Z0-9]*_[A-Z0-9_]{1,120}) (?:environment variable )?(?:is not set|not set|is required|is missing|must be set)\b/g,
    read: ([, target = '']) => ({ what: 'environment', target, error: 'unset', permission: `env:${target}` }),
  },
];

/** Paths of a server's own, at which a file that is not there is no refusal. */
const OWN_PATHS = /^\/bulkhead\/(?:data|server)(?:\/|$)/;

function fileRefusal(path: string, error: string): Refused | undefined {
  if (error === 'ENOENT' && OWN_PATHS.test(path)) return undefined;
  return { what: 'file', target: path.slice(0, TARGET_CHARACTERS_MAX), error, permission: null };
}

/** Lists what a text tells of, each once. */
export function findRefusals(text: string): readonly Refused[] {
  const looked = text.slice(0, TEXT_CHARACTERS_MAX);
  const found = READINGS.flatMap(({ pattern, read }) =>
    [...looked.matchAll(pattern)].flatMap((match) => read(match) ?? []),
  );
  return [...new Map(found.map((one) => [keyOf(one), one])).values()];
}

/** Two refusals with the same key are one. */
export function keyOf({ what, target, error }: Refused): string {
  return `${what}\0${target}\0${error}`;
}
