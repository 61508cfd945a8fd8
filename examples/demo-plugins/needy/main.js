/**
 * A plugin that cannot be loaded here, and says what would cure that.
 */
export default {
  tools: [
    {
      name: 'anneal',
      description: 'Would need the command quantum-annealer.',
      parameters: { type: 'object' },
      execute: () => ({ annealed: true }),
    },
  ],
};
