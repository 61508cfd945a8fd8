/**
 * How a route learns that its client has gone.
 */
import type { Socket } from 'node:net';

/**
 * Signals that abort when a client goes away, which ends its calls (FAULTS 110). One serves all calls of a connection: making
 * one for each cost as much as finding the tool.
 */
export function createGoneSignals(): (socket: Socket) => AbortSignal {
  const signals = new WeakMap<Socket, AbortSignal>();
  return (socket) => {
    const known = signals.get(socket);
    if (known !== undefined) return known;
    const controller = new AbortController();
    if (socket.destroyed) controller.abort();
    else socket.once('close', () => controller.abort());
    signals.set(socket, controller.signal);
    return controller.signal;
  };
}
