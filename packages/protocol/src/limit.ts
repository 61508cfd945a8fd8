/**
 * What one row of the limits table is, apart from its rows.
 */

/**
 * One row of the limits table.
 *
 * @public
 */
export type Limit = { readonly value: number; readonly unit: string; readonly reason: string };

/** Bytes of a kibibyte. */
export const KIB = 1024;
/** Bytes of a mebibyte. */
export const MIB = 1024 * KIB;
