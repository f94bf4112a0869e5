/** What a storm does, from its seed alone: which story is played in each round, who is struck meanwhile, how, and when. Pure. */
import { type Random, type Step, steps } from '@pier/shared/core';

export const storyNames = ['deploy', 'refuse', 'fail', 'roll back', 'command', 'enrol', 'renew', 'log lease'] as const;
export type StoryName = (typeof storyNames)[number];

/** How each part of a fleet may be struck. `all`: with the launcher that would have made its outputs safe. */
export const blows = {
  agent: ['kill', 'kill-all', 'stop'],
  manager: ['kill', 'stop'],
  postgres: ['kill', 'stop'],
  link: ['cut', 'slow'],
  registry: ['kill', 'stop'],
  board: ['kill', 'stop'],
  wire: ['replay'],
} as const;
export type Victim = keyof typeof blows;
export type Blow = { readonly [V in Victim]: { readonly victim: V; readonly act: (typeof blows)[V][number] } }[Victim];

/** `self`: the process dies by its own hand, at the step itself. Else the blow falls as soon as the step is seen in its log. */
export type When = { readonly kind: 'after'; readonly ms: number } | { readonly kind: 'step'; readonly step: Step; readonly nth: number; readonly self: boolean };

export type Round = {
  readonly n: number;
  readonly story: StoryName;
  readonly blow: Blow;
  readonly when: When;
  /** Which of the devices is struck. */
  readonly device: number;
  /** How long what is stopped, cut or down stays so. */
  readonly holdMs: number;
  /** Whether a device that waits to reconnect is left to its back-off, which may take a minute. */
  readonly patient: boolean;
};

/** The device that comes in a round in which one comes: it is the one that is struck, if an agent is. */
export function newcomerOf({ n }: Pick<Round, 'n'>): string {
  return `newcomer-${n}`;
}

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function chance(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Steps that come more than once in a story: any of the first times will do. */
const timesOf: Readonly<Partial<Record<Step, number>>> = { 'step.report-queued': 4, 'step.report-acked': 4, 'step.outbox-published': 3, 'step.outbox-cleared': 3, 'step.report-stored': 4, 'step.good-restarted': 3, 'step.soak-passed': 1 };
const devices = 2;
/** A third of the rounds strike at random. */
const randomEach = 3;

/**
 * The rounds of a seed; more of them begin with the same ones. Steps are gone through in a shuffled order, each of them before
 * any comes again, and so are the blows that fall at random moments.
 */
export function planRounds({ seed, rounds }: { seed: number; rounds: number }): Round[] {
  const random = chance(seed);
  const named = deck(Object.keys(steps) as Step[], random);
  const blind = deck(allBlows(), random);
  const stories = deck([...storyNames], random);
  return Array.from({ length: rounds }, (_, index) => {
    const n = index + 1;
    const common = { n, device: below(devices, random), holdMs: 200 + below(5_000, random), patient: random() < 0.3 };
    if (n % randomEach !== 0) return { ...common, ...atStep(named(), random) };
    const blow = blind();
    const step = random() < 0.5 ? undefined : stepOf(blow, random);
    if (step === undefined) return { ...common, story: stories(), blow, when: { kind: 'after', ms: below(4_000, random) } };
    return { ...common, story: storyOf(step), blow, when: { kind: 'step', step, nth: 1, self: false } };
  });
}

function atStep(step: Step, random: Random): Pick<Round, 'story' | 'blow' | 'when'> {
  const victim = steps[step].process;
  return { story: storyOf(step), blow: { victim, act: 'kill' }, when: { kind: 'step', step, nth: 1 + below(timesOf[step] ?? 1, random), self: true } };
}

function storyOf(step: Step): StoryName {
  return steps[step].story;
}

/** Any step at which somebody else than the one who is there is struck. */
function stepOf(blow: Blow, random: Random): Step | undefined {
  const others = (Object.keys(steps) as Step[]).filter((step) => steps[step].process !== blow.victim);
  return others[below(others.length, random)];
}

function allBlows(): Blow[] {
  return (Object.keys(blows) as Victim[]).flatMap((victim) => blows[victim].map((act) => ({ victim, act }) as Blow));
}

/** Draws all cards in a shuffled order, then all again. */
function deck<T>(cards: readonly T[], random: Random): () => T {
  let left: T[] = [];
  return () => {
    if (left.length === 0) left = [...cards];
    const [card] = left.splice(below(left.length, random), 1);
    if (card === undefined) throw new Error('a deck without cards');
    return card;
  };
}

export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}
