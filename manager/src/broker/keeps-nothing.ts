/**
 * The broker's memory, which is none: sessions are clean and nothing is retained, so a subscription lives in its connection
 * and a message that nobody hears is gone. The usual store in RAM keeps an entry for each client id ever seen.
 * The methods are those that aedes 1.2 calls (aedes-persistence, abstract.js) for clean sessions without QoS 2.
 */
import { Readable } from 'node:stream';

export function keepsNothing(): object {
  return {
    setup: async () => {},
    storeRetained: async () => {},
    createRetainedStreamCombi: () => Readable.from([]),
    cleanSubscriptions: async () => {},
    removeSubscriptions: async () => {},
    subscriptionsByTopic: async () => [],
    outgoingEnqueueCombi: async () => {},
    outgoingClearMessageId: async () => {},
    outgoingStream: () => Readable.from([]),
    cleanIncoming: async () => {},
    putWill: async () => {},
    delWill: async () => {},
    streamWill: () => Readable.from([]),
  };
}
