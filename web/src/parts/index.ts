export { ActButton } from './act-button.tsx';
export { ActDialog, Wrong } from './act-dialog.tsx';
export { Answered, Empty, Loading, NoMatch } from './answered.tsx';
export { Bar, Swatch } from './bar.tsx';
export { Command, Copy, Id } from './copy.tsx';
export { Icon } from './icon.tsx';
export { Ago, Countdown, Moment } from './moment.tsx';
export { PageHead, Region } from './region.tsx';
export { StateMark } from './state-mark.tsx';
