/** Stands in for a model with a prompt that asks for the label alone: fewer tokens for the same answer. */
const WORDS: Record<string, RegExp> = {
  billing: /invoice|charged|refund/i,
  login: /password|sign\s+in|account/i,
  shipping: /parcel|courier|delivery/i,
};

export function solve(message: string): string {
  return Object.keys(WORDS).find((label) => WORDS[label]?.test(message)) ?? 'other';
}
