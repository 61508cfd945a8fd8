/**
 * Evolution: code that gets better under an honest judge.
 */
export {};
