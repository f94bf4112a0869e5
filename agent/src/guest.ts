/** What the run stage tells the others about its guests. Types only, so that the stages need not know one another. */
import type { AppName, Digest, Label } from '@pier/shared/core';
import type { Line } from '@pier/shared/hardware';
import type { Event, Presence, ReportedApp } from '@pier/shared/wire';

/** The guest of an app that is alive now. */
export type Alive = { readonly digest: Digest; readonly version: string; readonly counter: number; readonly restarts: number; readonly sinceMs: number };

/** A granted line that is open, with the level that means "active" to its app, and the edges that its watches have seen. */
export type HeldLine = { readonly label: Label; readonly name: string; readonly active: 'high' | 'low'; readonly line: Line; readonly edges: number };

/** A fact for people. */
export type Happening = Omit<Event, 'gen' | 'boot' | 'seq'>;
/** `changed`: something that the reported document shows may be different now. */
export type Tell = { readonly event: (happening: Happening) => void; readonly changed: () => void };

/** How the guest before this one ended. */
export type LastEnd = NonNullable<ReportedApp['lastEnd']>;

/** What a guest has used since its start. */
export type Usage = NonNullable<Extract<Presence, { online: true }>['usage']>[AppName];

/** The newest entries of an app, each with a number that rises by one from the agent's start on. */
export type Kept<T> = {
  /** Number of the newest; 0 before the first. */
  readonly last: number;
  /** What was cut before it came to be an entry, since the agent's start. */
  readonly dropped: number;
  /** Entries above this number that are still kept, oldest first. */
  after(n: number): readonly (T & { readonly n: number })[];
};

export type OutputLine = { readonly atMs: number; readonly stream: 'stdout' | 'stderr'; readonly text: string };
export type Sample = { readonly tNs: bigint; readonly series: string; readonly value: number };

/** What an app has said: it survives the guest's restarts, not the agent's. */
export type Trace = { readonly lines: Kept<OutputLine>; readonly samples: Kept<Sample>; readonly units: Readonly<Record<string, string>> };
