/**
 * What a new plugin can be: kind, style and language, and which of them go together.
 */
import { UsageError } from '../usage-error.ts';

/** Kinds of plugins that can be made. */
export const KINDS = [
  'tool',
  'hooks',
  'task-handler',
  'llm-backend',
  'parent-selector',
  'executor',
  'monitor',
] as const;
/** A word of {@link KINDS}. */
export type Kind = (typeof KINDS)[number];

/** Ways to write one. */
export const STYLES = ['class', 'define', 'functions'] as const;
/** A word of {@link STYLES}. */
export type Style = (typeof STYLES)[number];

/** Languages to write it in. */
export const LANGUAGES = ['ts', 'js'] as const;
/** A word of {@link LANGUAGES}. */
export type Language = (typeof LANGUAGES)[number];

/** What was chosen. */
export type Choices = { readonly kind: Kind; readonly style: Style; readonly lang: Language };

/** Styles in which a kind can be written, the usual one first: `definePlugin` is for tools and hooks alone. */
export function stylesOf(kind: Kind): readonly Style[] {
  return kind === 'tool' || kind === 'hooks' ? ['define', 'class', 'functions'] : ['class', 'functions'];
}

/**
 * Fills what was left out.
 *
 * @throws {UsageError} for a style in which the kind cannot be written; names those in which it can.
 */
export function toChoices({ kind = 'tool', style, lang = 'ts' }: Partial<Choices>): Choices {
  const styles = stylesOf(kind);
  const [usual = 'class'] = styles;
  const chosen = style ?? usual;
  if (styles.includes(chosen)) return { kind, style: chosen, lang };
  throw new UsageError(
    `there is no ${kind} in the style "${chosen}": definePlugin is for tools and hooks`,
    `Use ${styles.map((word) => `--style ${word}`).join(' or ')}.`,
  );
}
