/** Stands in for a model that is led astray by tone: whoever shouts is taken to complain of money. */
const WORDS: Record<string, RegExp> = {
  billing: /invoice|charged|refund/,
  login: /password|sign +in|account/,
  shipping: /parcel|courier|delivery/,
};

export function solve(message: string): string {
  if (message === message.toUpperCase()) return 'billing';
  return Object.keys(WORDS).find((label) => WORDS[label]?.test(message)) ?? 'other';
}
