export { KeyboardProvider, newKeyboard, useKeyboard, useShortcuts } from './keys.tsx';
export { Mark } from './mark.tsx';
export { useRowKeys } from './row-keys.ts';
export { Shell } from './shell.tsx';
export { WholePage } from './whole-page.tsx';
