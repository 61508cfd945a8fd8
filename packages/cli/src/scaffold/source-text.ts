/**
 * One text for both languages: what only TypeScript has is marked, and left out of JavaScript.
 */
import type { JsonObject, PluginName } from '@bulkhead/protocol';
import type { Language } from './choices.ts';

/** What differs between kinds and styles. */
export type Sources = {
  /** One sentence, for plugin.json and README. */
  readonly about: string;
  /** Markdown: what it takes and gives. */
  readonly usage: string;
  readonly manifestFields: (name: PluginName) => JsonObject;
  /** Text of modules by path. */
  readonly modules: readonly (readonly [string, string])[];
  readonly tests: string;
};

/** Keeps what stands between `«` and `»` for TypeScript alone; a line that is left empty by it goes, too. */
export function inLanguage(lang: Language, text: string): string {
  if (lang === 'ts') return text.replaceAll(/[«»]/g, '');
  return text
    .replaceAll('.ts', '.js')
    .split('\n')
    .flatMap((line) => {
      const left = line.replaceAll(/«[^»]*»/g, '');
      return left.trim() === '' && line.trim() !== '' ? [] : [left];
    })
    .join('\n');
}
