import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import type { Metafile, Plugin } from 'esbuild';
import { invariant } from '@pier/shared/core';

/** Put together from parts, since the bundler would look here for files that a path in one piece names. */
const native = (name: string): string => `require(['./native/linux', process.arch + '/${name}.node'].join('-'))`;

type StandIn = { readonly wanted: RegExp; readonly by?: RegExp; readonly code: string };

/**
 * Modules that the bundle has something else for. The loaders of native parts search a tree of packages that is not there
 * on a device; the rest is never run by the agent, and costs memory in being loaded.
 */
const table: readonly StandIn[] = [
  { wanted: /^node-gyp-build$/, code: `module.exports = () => ${native('serialport')};` },
  { wanted: /^bindings$/, code: `module.exports = () => ${native('epoll')};` },
  { wanted: /\/static\.js$/, by: /\/node_modules\/koffi\//, code: `module.exports = { loadStatic: () => ${native('koffi')} };` },
  { wanted: /\/static\.cjs$/, by: /\/node_modules\/koffi\//, code: `module.exports = { loadStatic: () => ${native('koffi')} };` },
  // A module that is imported while the agent runs gives its names only when they are written down.
  { wanted: /^serialport$/, code: "export { SerialPort } from 'serialport';" },
  { wanted: /^@serialport\/bindings-cpp\/dist\/poller\.js$/, code: "export { Poller } from '@serialport/bindings-cpp/dist/poller.js';" },
  { wanted: /^onoff$/, code: "export { Gpio } from 'onoff';" },
  // The agent asks for certificates and makes none: the room without its library, which comes with the first request.
  { wanted: /^@pier\/shared\/x509$/, code: "export { makeCertificateRequest, makePrivateKey } from '../shared/src/x509/request.ts';" },
  // The client alone, without its transports over WebSocket, SOCKS and plain TCP.
  { wanted: /^mqtt$/, code: "module.exports = { MqttClient: require('mqtt/lib/client').default };" },
  { wanted: /^readable-stream$/, code: "module.exports = require('node:stream');" },
  // Node's own timers; the other ones are for tabs of a browser that sleep.
  { wanted: /^worker-timers$/, code: 'module.exports = { setInterval, clearInterval };' },
  { wanted: /^debug$/, code: 'module.exports = () => Object.assign(() => {}, { enabled: false, extend: module.exports, destroy() {} });' },
];

/** The plugin that puts the stand-ins in their places. */
export function standIns(root: string): Plugin {
  return {
    name: 'stand-ins',
    setup: (bundler) => {
      for (const { wanted, by } of table) {
        bundler.onResolve({ filter: wanted }, ({ path, importer, namespace }) => (namespace === 'stand-in' || (by && !by.test(importer)) ? undefined : { path, namespace: 'stand-in' }));
      }
      bundler.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({ contents: table.find(({ wanted }) => wanted.test(path))?.code ?? '', loader: 'js', resolveDir: `${root}/agent` }));
      // What is required only in passing, the bundler does not see as such.
      bundler.onLoad({ filter: /\/shared\/src\/cell\/[^/]+\.ts$/ }, ({ path }) => ({ contents: readFileSync(path, 'utf8').replaceAll('createRequire(import.meta.url)(', 'require('), loader: 'ts' }));
    },
  };
}

/**
 * That every module that is imported while the agent runs gives its names, and nothing is looked for outside the bundle. What
 * is imported for its types alone is listed among a module's imports too, and is in no output.
 */
export function checkImports({ inputs, outputs }: Metafile): void {
  const kept = new Set(Object.values(outputs).flatMap(({ imports }) => imports.filter(({ external }) => external === true).map(({ path }) => path)));
  for (const [from, { imports }] of Object.entries(inputs)) {
    for (const { path, kind } of imports) {
      invariant(kind !== 'dynamic-import' || inputs[path]?.format !== 'cjs', `${from} imports ${path}, which gives no names: it needs a stand-in`);
      invariant(!kept.has(path) || isBuiltin(path), `${from} imports ${path}, which is not in the bundle`);
    }
  }
}
