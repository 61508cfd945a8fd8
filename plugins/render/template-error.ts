/**
 * What is wrong with a template, its variables or the payload: somebody must mend it, and another attempt mends nothing.
 */

/** Names the line of the template where there is one, and what was expected. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
