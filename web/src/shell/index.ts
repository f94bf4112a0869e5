export { type Shortcut, KeyboardProvider, newKeyboard, useKeyboard, useShortcuts } from './keys.tsx';
export { Mark } from './mark.tsx';
export { Shell } from './shell.tsx';
