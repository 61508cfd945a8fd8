/**
 * The events that one guest is sent, and which of them it says to have handled; what they are and who may hear them is decided
 * elsewhere.
 */
import type { HostChannel } from './host-channel.ts';

/** What events go through. */
export type GuestEventsOptions = {
  readonly channel: Pick<HostChannel, 'send' | 'isFull' | 'expectReplies'>;
  /** True from the moment that the guest holds its plugin until it is asked to end. */
  readonly takesEvents: () => boolean;
};

/** The events of one guest. */
export class GuestEvents {
  readonly #options: GuestEventsOptions;
  #didHear: (id: number) => void = () => undefined;
  #given = 0;

  constructor(options: GuestEventsOptions) {
    this.#options = options;
  }

  /** Says who is told which events it has handled. */
  hearBy(didHear: (id: number) => void): void {
    this.#didHear = didHear;
  }

  /** Takes the guest's word; whoever sent the event knows whether the id is one. */
  take(id: number): void {
    this.#didHear(id);
  }

  /** Sends an event, whose answer is no part of what the guest may say in a second; false where it takes none now. */
  send(json: string, isWork: boolean): boolean {
    const { channel, takesEvents } = this.#options;
    if (!takesEvents() || channel.isFull()) return false;
    if (isWork) this.#given += 1;
    channel.expectReplies(1);
    channel.send(json);
    return true;
  }

  /** Events that were sent as work which another gave. */
  givenCount(): number {
    return this.#given;
  }
}
