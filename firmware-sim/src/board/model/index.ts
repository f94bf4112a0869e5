import type { BoardFile } from '@pier/shared/hardware';
import { raspberryPi3b, raspberryPiZero2W } from './bcm2835.ts';
import type { BoardModel } from './board-model.ts';
import { raspberryPi4b } from './raspberry-pi-4b.ts';
import { raspberryPi5 } from './raspberry-pi-5.ts';

export type { BoardModel, Pull } from './board-model.ts';

export const boardModels: Readonly<Record<BoardFile['model'], BoardModel>> = {
  'raspberry-pi-3b': raspberryPi3b,
  'raspberry-pi-4b': raspberryPi4b,
  'raspberry-pi-5': raspberryPi5,
  'raspberry-pi-zero-2-w': raspberryPiZero2W,
};
