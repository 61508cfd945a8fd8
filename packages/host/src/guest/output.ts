/**
 * Counts what this process wrote to stdout and stderr, so that a reply can say how much the host should have seen of
 * it: the pipes and the channel are different descriptors and arrive in no order.
 */

let writtenBytes = 0;

/** Wraps both streams when they are first used; an unused stream costs a spare no memory. */
export function countOutput(): void {
  countStream('stdout');
  countStream('stderr');
}

/** Bytes written so far to both streams together. */
export function outputBytes(): number {
  return writtenBytes;
}

function countStream(name: 'stdout' | 'stderr'): void {
  const original = Object.getOwnPropertyDescriptor(process, name);
  let wrapped: NodeJS.WriteStream | undefined;
  const open = (): NodeJS.WriteStream => {
    wrapped ??= withCount(original?.get?.call(process) as NodeJS.WriteStream); // Node defines both as getters.
    return wrapped;
  };
  Object.defineProperty(process, name, { get: open, configurable: true, enumerable: true });
}

function withCount(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  const write = stream.write.bind(stream);
  stream.on('error', () => undefined); // The host closed the pipe after a flood; the kill follows.
  const counted = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    writtenBytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
    return (write as (...all: unknown[]) => boolean)(chunk, ...rest); // Its overloads differ only in optional arguments.
  };
  stream.write = counted;
  return stream;
}
