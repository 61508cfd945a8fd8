/**
 * CONTRACTS' own words for what is not there.
 */

/** Detail of a health answer for a plugin that is not there (F001-22). */
export const PLUGIN_NOT_FOUND_DETAIL = 'Plugin not found';
