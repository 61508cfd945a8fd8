/**
 * Two of the four axes on which a plugin stands (DESIGN 3); they are never merged with enablement or review status.
 */

/**
 * Lifecycle of a release for a scope on a node, exactly these five (X001-1).
 *
 * @public
 */
export const LIFECYCLE_STATES = ['LOADED', 'INITIALIZED', 'RUNNING', 'FAILED', 'UNAVAILABLE'] as const;
/**
 * A word of {@link LIFECYCLE_STATES}.
 *
 * @public
 */
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

/**
 * What the plugin's own health check says, or what the host says in its place (X004-2).
 *
 * @public
 */
export const HEALTH_WORDS = ['healthy', 'warning', 'error', 'disabled', 'unknown'] as const;
/**
 * A word of {@link HEALTH_WORDS}.
 *
 * @public
 */
export type HealthWord = (typeof HEALTH_WORDS)[number];

/**
 * The breaker as the health plane shows it (DESIGN 3).
 *
 * @public
 */
export const BREAKER_STATES = ['closed', 'open', 'half_open'] as const;
/**
 * A word of {@link BREAKER_STATES}.
 *
 * @public
 */
export type BreakerState = (typeof BREAKER_STATES)[number];
