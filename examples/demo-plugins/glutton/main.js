/**
 * A plugin that keeps all it ever made.
 */
export default {
  tools: [
    {
      name: 'eat',
      description: 'Allocates without end.',
      parameters: { type: 'object' },
      execute: () => {
        const eaten = [];
        for (;;) eaten.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
      },
    },
  ],
};
