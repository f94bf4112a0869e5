/** What happened since the start; every refusal is counted under the reason that is logged with it. */
export type BrokerCounts = {
  readonly accepted: number;
  /** Connections that were not let in. */
  readonly refused: number;
  /** Connections closed because of what they sent. */
  readonly violations: number;
  /** Filters answered with 0x80. */
  readonly filtersRefused: number;
  readonly published: number;
  /** Readers let go because they did not read. */
  readonly slowDropped: number;
  readonly takeovers: number;
  readonly retainCleared: number;
};

export type Counter = { -readonly [K in keyof BrokerCounts]: number };

export function newCounter(): Counter {
  return { accepted: 0, refused: 0, violations: 0, filtersRefused: 0, published: 0, slowDropped: 0, takeovers: 0, retainCleared: 0 };
}
