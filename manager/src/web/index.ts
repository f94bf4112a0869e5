export { webPages } from './pages.ts';
