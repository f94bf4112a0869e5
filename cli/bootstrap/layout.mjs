import { join, resolve } from 'node:path';

/** Where set-up keeps what: all of it lies inside the checkout, in folders that git ignores. */
export function layout(root) {
  const own = join(root, '.pier');
  const modules = join(root, 'node_modules');
  return {
    root: resolve(root),
    own,
    modules,
    node: (version) => join(own, 'node', version),
    npm: (version) => join(own, 'npm', version),
    compileCache: join(own, 'cache', 'compile'),
    npmCache: join(own, 'cache', 'npm'),
    scratch: join(own, 'scratch'),
    lock: join(own, 'setup.lock'),
    launch: join(own, 'launch'),
    // In node_modules, so that whoever removes or remakes that folder by hand removes the claim that it is complete.
    stamp: join(modules, '.pier-setup.json'),
  };
}
