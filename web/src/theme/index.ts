export { cssVariables, theme } from './theme.ts';
