/**
 * Replaces secrets by their placeholders in what comes back from a host that was given them (DESIGN 6): an echo, plain or as
 * a server may write it into a body or a header.
 */

/** A secret that was put into a request. */
export type SentSecret = { readonly value: string; readonly placeholder: string };

/** Replaces in a text, or in bytes that come in pieces. */
export type Scrubber = {
  readonly text: (text: string) => string;
  readonly stream: () => ScrubStream;
};

/** Takes pieces and gives what may be told of them; a piece is held back where a secret may begin at its end. */
export type ScrubStream = { readonly push: (piece: Uint8Array) => Uint8Array; readonly end: () => Uint8Array };

type Pattern = { readonly bytes: Buffer; readonly placeholder: Buffer };

const NOTHING = new Uint8Array();

/** Makes the scrubber of one request. */
export function createScrubber(secrets: readonly SentSecret[]): Scrubber {
  const patterns = secrets.flatMap(patternsOf).toSorted((one, other) => other.bytes.length - one.bytes.length);
  if (patterns.length === 0)
    return { text: (text) => text, stream: () => ({ push: (piece) => piece, end: () => NOTHING }) };
  return {
    text: (text) => replaceIn(Buffer.from(text), patterns).toString(),
    stream: () => createStream(patterns),
  };
}

function createStream(patterns: readonly Pattern[]): ScrubStream {
  let held: Buffer = Buffer.alloc(0);
  return {
    push: (piece) => {
      const bytes = Buffer.concat([held, piece]);
      const { given, settled } = replaceSettled(bytes, patterns);
      held = bytes.subarray(settled);
      return given;
    },
    end: () => replaceIn(held, patterns),
  };
}

function replaceIn(bytes: Buffer, patterns: readonly Pattern[]): Buffer {
  return replaceUpTo(bytes, patterns, () => bytes.length).given;
}

/** Leaves what may yet turn out to be a secret, which begins at the latest where the longest would not fit any more. */
function replaceSettled(bytes: Buffer, patterns: readonly Pattern[]): Replaced {
  return replaceUpTo(bytes, patterns, (from) => beginOfUnsettled(bytes, from, patterns));
}

type Replaced = { readonly given: Buffer; readonly settled: number };

/** From left to right; `endFrom` says up to where, seen from a place that is behind all that was replaced. */
function replaceUpTo(bytes: Buffer, patterns: readonly Pattern[], endFrom: (from: number) => number): Replaced {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = endFrom(at);
    const found = nextIn(bytes, at, patterns);
    if (found === undefined || found.at >= end) {
      const rest = bytes.subarray(at, end);
      return { given: parts.length === 0 ? rest : Buffer.concat([...parts, rest]), settled: end };
    }
    parts.push(bytes.subarray(at, found.at), found.pattern.placeholder);
    at = found.at + found.pattern.bytes.length;
  }
}

/** The first, and of those that begin there the longest, as patterns are in that order. */
function nextIn(
  bytes: Buffer,
  from: number,
  patterns: readonly Pattern[],
): { readonly at: number; readonly pattern: Pattern } | undefined {
  let first: { readonly at: number; readonly pattern: Pattern } | undefined;
  for (const pattern of patterns) {
    const at = bytes.indexOf(pattern.bytes, from);
    if (at !== -1 && (first === undefined || at < first.at)) first = { at, pattern };
  }
  return first;
}

/** The first place at which a secret may begin that is not whole yet; the end where there is none. */
function beginOfUnsettled(bytes: Buffer, from: number, patterns: readonly Pattern[]): number {
  const longest = patterns[0]?.bytes.length ?? 0;
  for (let at = Math.max(from, bytes.length - longest + 1); at < bytes.length; at += 1) {
    const end = bytes.subarray(at);
    if (patterns.some(({ bytes: whole }) => whole.length > end.length && whole.subarray(0, end.length).equals(end)))
      return at;
  }
  return bytes.length;
}

function patternsOf({ value, placeholder }: SentSecret): readonly Pattern[] {
  const percent = encodeURIComponent(value);
  const form = new URLSearchParams({ v: value }).toString().slice(2);
  const json = JSON.stringify(value).slice(1, -1);
  const texts = [value, json, percent, lowerCodes(percent), form, lowerCodes(form), ...base64Forms(value)];
  return [...new Set(texts)].map((text) => ({ bytes: Buffer.from(text), placeholder: Buffer.from(placeholder) }));
}

function lowerCodes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

/** Shorter ones would be found in what is no secret. */
const BASE64_CHARACTERS_MIN = 8;

/** What each of the three places at which it may begin leaves for sure of it, whatever is ahead and behind. */
function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].flatMap((ahead) => {
    const padded = Buffer.concat([Buffer.alloc(ahead), bytes]);
    const whole = padded.subarray(0, padded.length - (padded.length % 3));
    const skipped = ahead === 0 ? 0 : 4;
    const forms = [whole.toString('base64').slice(skipped), whole.toString('base64url').slice(skipped)];
    return forms.filter((form) => form.length >= BASE64_CHARACTERS_MIN);
  });
}
