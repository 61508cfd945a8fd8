/** The platform's own. */
type Answer = { ok: true; value: unknown } | { ok: false };

export function solve(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch {
    return { ok: false };
  }
}
