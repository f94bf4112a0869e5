import type { Plugin } from 'esbuild';

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
      for (const [index, { wanted, by }] of table.entries()) {
        bundler.onResolve({ filter: wanted }, ({ importer, namespace }) => (namespace === 'stand-in' || (by && !by.test(importer)) ? undefined : { path: String(index), namespace: 'stand-in' }));
      }
      bundler.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({ contents: table[Number(path)]?.code ?? '', loader: 'js', resolveDir: `${root}/agent` }));
    },
  };
}
