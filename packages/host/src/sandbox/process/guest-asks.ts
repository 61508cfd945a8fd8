/**
 * What one guest asks of the host's services while it lives: so many at once, each answered once, and nobody after its death.
 */
import { LIMITS, callError, type ServiceAnswer, type ServiceAsk } from '@bulkhead/protocol';
import type { AnswerGuest, SandboxCall } from '../sandbox.ts';
import type { HostChannel } from './host-channel.ts';
import { judgeAsk } from './judge-message.ts';

const IN_FLIGHT_MAX = LIMITS.service_asks_in_flight.value;

/** What asks go through. */
export type GuestAsksOptions = {
  readonly channel: Pick<HostChannel, 'send' | 'isFull'>;
  /** The call of this id, while it is pending. */
  readonly callOf: (id: number) => SandboxCall | undefined;
};

/** The asks of one guest. */
export class GuestAsks {
  readonly #options: GuestAsksOptions;
  #answer: AnswerGuest = async () => refused('SERVICE_ASK_INVALID', 'nothing is offered to this guest');
  #inFlight = 0;

  constructor(options: GuestAsksOptions) {
    this.#options = options;
  }

  /** Says who answers from now on. */
  answerBy(answer: AnswerGuest): void {
    this.#answer = answer;
  }

  /** Takes an ask; its answer is sent when it is there. A guest that reads none of them is sent no more. */
  take(ask: ServiceAsk): void {
    if (this.#inFlight >= IN_FLIGHT_MAX) return this.#send(ask.id, refused('HOST_OVERLOADED', TOO_MANY));
    const wrong = judgeAsk(ask);
    if (wrong !== undefined) return this.#send(ask.id, refused('SERVICE_ASK_INVALID', wrong));
    const call = ask.call === undefined ? undefined : this.#options.callOf(ask.call);
    this.#inFlight += 1;
    void this.#answer(ask, call).then((answer) => {
      this.#inFlight -= 1;
      this.#send(ask.id, answer);
    });
  }

  #send(id: number, answer: ServiceAnswer): void {
    if (!this.#options.channel.isFull()) this.#options.channel.send(JSON.stringify({ t: 'answer', id, ...answer }));
  }
}

const TOO_MANY = `the plugin has ${IN_FLIGHT_MAX} asks to the host in flight already; await some before asking again`;

function refused(code: 'SERVICE_ASK_INVALID' | 'HOST_OVERLOADED', message: string): ServiceAnswer {
  const { kind, hint, retryable } = callError(code);
  return { ok: false, error: { kind, code, message, hint, retryable } };
}
