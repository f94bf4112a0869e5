import type { Command } from 'commander';
import { writeFileSync } from 'node:fs';
import { generateKeyPair } from '@pier/shared/signing';
import { type Common, createPrivateFile, output, withOutput } from '../session/index.ts';

/** `pier key generate FILE`: a P-256 key pair, `FILE.key` for its owner alone and `FILE.pub` for everybody. */
export function addKey(program: Command): void {
  const key = program.command('key').description('signing keys');
  withOutput(key.command('generate').argument('<file>', 'path without ending; FILE.key and FILE.pub are written'))
    .description('make a P-256 key pair for a policy root, a release signer or an operator')
    .action(async (file: string, options: Common) => {
      const pair = generateKeyPair();
      // A key that is overwritten is lost for ever.
      await createPrivateFile(`${file}.key`, pair.privatePem);
      writeFileSync(`${file}.pub`, pair.publicPem);
      if (options.output === 'json') output.json({ id: pair.id, privateKey: `${file}.key`, publicKey: `${file}.pub` });
      else output.line(`key ${pair.id}\n  private: ${file}.key (keep it offline)\n  public:  ${file}.pub`);
    });
}
