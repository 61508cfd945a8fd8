/**
 * Exit codes beside those of outcomes, which `exitCodeOf` of the protocol gives (10 to 26).
 */

/** All went well. */
export const EXIT_OK = 0;
/** What was asked for could not be done, or was checked and found wanting. */
export const EXIT_FAILED = 1;
/** The command line itself is wrong. */
export const EXIT_USAGE = 2;
/** Nothing was settled: `guard evaluate` saw too little for a verdict. */
export const EXIT_INCONCLUSIVE = 3;
/** Ctrl-C ended it. */
export const EXIT_INTERRUPTED = 130;
