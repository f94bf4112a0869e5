import { build, type Metafile } from 'esbuild';
import { checkImports, standIns } from './stand-ins.ts';

/** What modules need that were written as CommonJS, in every file; the name is long so that no minified one meets it. */
const banner = "import{createRequire as pierBundleCreateRequire}from'node:module';const require=pierBundleCreateRequire(import.meta.url);";

/**
 * Bundles the agent into `out`: `agent.mjs`, the process; `guest.mjs`, a guest's thread; and what they share or load
 * only when it is needed. Gives what went into it, with paths relative to `root`.
 */
export async function bundleCode({ root, out }: { readonly root: string; readonly out: string }): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { agent: 'agent/src/main.ts', guest: 'agent/src/run/sandbox/guest/worker.ts' },
    outdir: out,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Modules that can be cut down to what is used, before those that cannot.
    mainFields: ['module', 'main'],
    banner: { js: banner },
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    // Every licence is in LICENSES.txt.
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    logLevel: 'error',
    // No configuration of the folders above has a say.
    tsconfigRaw: {},
    plugins: [standIns(root)],
  });
  checkImports(metafile);
  return metafile;
}
