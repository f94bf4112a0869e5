/** What the run stage tells the others about its guests. Types only, so that the stages need not know one another. */
import type { Digest, Label } from '@pier/shared/core';
import type { Line } from '@pier/shared/hardware';
import type { Event } from '@pier/shared/wire';

/** The guest of an app that is alive now. */
export type Alive = { readonly digest: Digest; readonly version: string; readonly counter: number; readonly restarts: number; readonly sinceMs: number };

/** A granted line that is open, with the edges that its watches have seen. */
export type HeldLine = { readonly label: Label; readonly name: string; readonly line: Line; readonly edges: number };

/** A fact for people. */
export type Happening = Omit<Event, 'gen' | 'boot' | 'seq'>;
/** `changed`: something that the reported document shows may be different now. */
export type Tell = { readonly event: (happening: Happening) => void; readonly changed: () => void };
