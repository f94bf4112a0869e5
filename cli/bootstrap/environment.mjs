import { delimiter, dirname } from 'node:path';

const loopback = ['127.0.0.1', 'localhost', '::1'];

/**
 * The environment in which Pier's own processes run: the pinned Node first on the PATH, a private compile cache (who
 * can write it can run code as us), nothing that loads foreign code or foreign authorities into Node, and no proxy
 * between Pier's parts. `pier` at the root does the same in shell.
 */
export function pierEnvironment(env, { node, compileCache }) {
  const kept = { ...env };
  for (const name of ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'PIER_LIFELINE_FD']) delete kept[name];
  const direct = withLoopback(env.NO_PROXY ?? env.no_proxy);
  return {
    ...kept,
    PATH: [dirname(node), env.PATH].filter(Boolean).join(delimiter),
    NODE_COMPILE_CACHE: compileCache,
    NO_PROXY: direct,
    no_proxy: direct,
  };
}

function withLoopback(list) {
  return [list, ...loopback].filter(Boolean).join(',');
}
