import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** A module of Node's in the bundle means that something was imported which no browser can run. */
const onlyForBrowsers = {
  name: 'only-for-browsers',
  resolveId: (source: string, importer: string | undefined): undefined => {
    if (source.startsWith('node:')) throw new Error(`${importer ?? 'a module'} imports ${source}, which no browser has`);
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [onlyForBrowsers, react()],
  build: {
    outDir: 'dist',
    target: 'es2023',
    // Fonts and pictures stay files of our own: the manager's pages load nothing from "data:".
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Zod is told that it may not ask for `eval` before anything is made with it: both in one piece, which all others wait for.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'zod', test: /node_modules\/zod\/|web\/src\/no-eval\.ts$/ }] } } },
  },
});
