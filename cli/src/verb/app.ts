import type { Command } from 'commander';
import { type Common, output, withManager, withOutput } from '../session/index.ts';
import { buildToFile, pushApp, signApp, verifyApp } from '../app/index.ts';
import { startEntry } from './start.ts';

/** `pier app build|push|sign|verify|run`: from source to a signed artifact, and one guest on this machine. */
export function addApp(program: Command): void {
  const app = program.command('app').description('apps: build, push, sign, verify, run');
  withOutput(app.command('build').argument('<dir>', 'folder with pier.json'))
    .description('compile an app to WebAssembly')
    .option('--out <file>', 'where the module goes (default: DIR/dist/APP.wasm)')
    .action(async (dir: string, options: Common & { out?: string }) => {
      const built = await buildToFile(dir, options.out);
      if (options.output === 'json') output.json(built);
      else output.line(`${built.app} ${built.version}: ${built.file}, ${built.sizeBytes} bytes, ${built.digest}`);
    });
  withManager(app.command('push').argument('<dir>', 'folder with pier.json, built').argument('<reference>', 'such as apps/blink'))
    .description('pack and push an app; with --key also sign it')
    .option('--key <file>', 'private release key')
    .option('--wasm <file>', 'module (default: DIR/dist/APP.wasm)')
    .action(async (dir: string, reference: string, options: Common & { key?: string; wasm?: string }) => {
      const pushed = await pushApp({ dir, reference, ...options });
      if (options.output === 'json') output.json(pushed);
      else output.line(`${pushed.reference}${pushed.signedBy ? ` signed by ${pushed.signedBy}` : ' (unsigned)'}`);
    });
  withManager(app.command('sign').argument('<reference>', 'repository@sha256:…'))
    .description('sign an artifact by its digest')
    .requiredOption('--key <file>', 'private release key')
    .action(async (reference: string, options: Common & { key: string }) => {
      const signed = await signApp(reference, options);
      if (options.output === 'json') output.json(signed);
      else output.line(`${signed.reference} signed by ${signed.signedBy}`);
    });
  withManager(app.command('verify').argument('<reference>'))
    .description('judge an artifact as a device would; exit status 0 accepted, 3 refused')
    .requiredOption('--policy <file>', 'signed trust policy')
    .option('--state <file>', 'what a device already has: {"floor":{"counter":N,"digest":"sha256:…"}}')
    .action(async (reference: string, options: Common & { policy: string; state?: string }) => {
      const verdict = await verifyApp(reference, options);
      if (options.output === 'json') output.json(verdict);
      else output.line(verdict.verdict === 'accepted' ? `accepted: ${verdict.app} ${verdict.version}, signed by ${verdict.signedBy.join(', ')}` : `refused: ${verdict.code}: ${verdict.reason}`);
      if (verdict.verdict === 'refused') process.exitCode = 3;
    });
  app
    .command('run')
    .argument('<words...>', 'FILE.wasm [options] [-- args]')
    .description('run a module here in the sandbox of the agent; exit status is the guest’s')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      process.exitCode = await startEntry('agent', ['run', ...words]);
    });
}
