/**
 * A plugin that spins. Nothing inside its process can stop it; the host can.
 */
export default {
  tools: [
    {
      name: 'spin',
      description: 'Loops for ever.',
      parameters: { type: 'object' },
      execute: () => {
        for (let turns = 0; ; turns += 1) Math.sqrt(turns);
      },
    },
  ],
};
