/**
 * URI templates of resources (RFC 6570, level 1, and `{+name}`): a plugin writes them and a client's URI is held to them, so
 * matching takes one look at each character and nothing is turned into a pattern that could backtrack.
 */

/** A part of a template: text that stands for itself, or a variable; one that `isReserved` takes "/" too. */
type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly isReserved: boolean };

const EXPRESSION = /\{([^{}]*)\}/g;
const VARIABLE = /^(\+?)([A-Za-z_][A-Za-z0-9_]{0,63})$/;

/**
 * Names of a template's variables, in order; undefined where it is no template that can be matched: another operator, two
 * variables without text between them, a name twice, or none at all.
 *
 * @internal
 */
export function templateVariables(template: string): readonly string[] | undefined {
  const names = partsOf(template)?.flatMap((part) => (part.kind === 'variable' ? [part.name] : []));
  return names === undefined || names.length === 0 || new Set(names).size !== names.length ? undefined : names;
}

/**
 * What the variables of a template are in a URI, decoded; undefined where the URI is none of it. Each takes at least one
 * character and as few as it can.
 *
 * @internal
 */
export function matchTemplate(template: string, uri: string): Readonly<Record<string, string>> | undefined {
  const parts = partsOf(template);
  if (parts === undefined) return undefined;
  const found: Record<string, string> = Object.create(null) as Record<string, string>; // A variable may have any name.
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'text') {
      if (!uri.startsWith(part.text, at)) return undefined;
      at += part.text.length;
      continue;
    }
    // A negative length is none: the text at the end lies before the variable.
    const value = uri.slice(at, endOf(uri, at, parts.slice(index + 1, index + 3)));
    if (value === '' || (!part.isReserved && value.includes('/'))) return undefined;
    const decoded = decode(value);
    if (decoded === undefined) return undefined;
    found[part.name] = decoded;
    at += value.length;
  }
  return at === uri.length ? { ...found } : undefined;
}

/** Where a variable ends that begins at `at`: before the text that follows it, or with the URI. */
function endOf(uri: string, at: number, [next, afterNext]: readonly Part[]): number {
  if (next?.kind !== 'text') return uri.length;
  if (afterNext === undefined) return uri.endsWith(next.text) ? uri.length - next.text.length : at;
  const end = uri.indexOf(next.text, at + 1);
  return end === -1 ? at : end;
}

function partsOf(template: string): readonly Part[] | undefined {
  const parts: Part[] = [];
  let at = 0;
  for (const { 0: whole, 1: expression = '', index } of template.matchAll(EXPRESSION)) {
    const text = template.slice(at, index);
    const [, plus, name] = VARIABLE.exec(expression) ?? [];
    const isAdjacent = text === '' && parts.at(-1)?.kind === 'variable';
    if (name === undefined || isAdjacent) return undefined;
    if (text !== '') parts.push({ kind: 'text', text });
    parts.push({ kind: 'variable', name, isReserved: plus === '+' });
    at = index + whole.length;
  }
  const rest = template.slice(at);
  if (rest !== '') parts.push({ kind: 'text', text: rest });
  return parts.some((part) => part.kind === 'text' && /[{}]/.test(part.text)) ? undefined : parts;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // No UTF-8 behind the percent signs.
  }
}
