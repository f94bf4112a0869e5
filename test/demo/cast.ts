/** Who plays: six boards of four models on three sites, each with an LED, a button and an energy meter. */
import type { NodeChild } from '@pier/shared/process';
import type { BoardModel } from '../support/stage.ts';

export type Part = { readonly name: string; readonly site: string; readonly model: BoardModel; /** Label of the chip that the header's lines are on. */ readonly chip: string };

export const cast: readonly Part[] = [
  { name: 'quay-1', site: 'harbour', model: 'raspberry-pi-4b', chip: 'pinctrl-bcm2711' },
  { name: 'quay-2', site: 'harbour', model: 'raspberry-pi-5', chip: 'pinctrl-rp1' },
  { name: 'mill-1', site: 'mill', model: 'raspberry-pi-3b', chip: 'pinctrl-bcm2835' },
  { name: 'mill-2', site: 'mill', model: 'raspberry-pi-zero-2-w', chip: 'pinctrl-bcm2835' },
  { name: 'depot-1', site: 'depot', model: 'raspberry-pi-4b', chip: 'pinctrl-bcm2711' },
  { name: 'depot-2', site: 'depot', model: 'raspberry-pi-zero-2-w', chip: 'pinctrl-bcm2835' },
];
export const sites = [...new Set(cast.map((part) => part.site))];

/** A part on the stage: enrolled, its agent running. */
export type Player = Part & { readonly device: string; readonly board: { readonly dir: string; readonly record: string }; agent: NodeChild };
