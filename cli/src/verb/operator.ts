import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@pier/shared/core';
import { type Common, openSession, output, withManager, writePrivateFile } from '../session/index.ts';

/** `pier operator certificate`: a key made here, a certificate for MQTT from the manager's CA. */
export function addOperator(program: Command): void {
  const operator = program.command('operator').description("a person's access to MQTT");
  withManager(operator.command('certificate'))
    .description('make a key and fetch a certificate for MQTT; `pier cmd` uses them')
    .requiredOption('--name <name>', 'who this is, such as alice')
    .option('--out <dir>', 'where key and certificates go (default: PIER_HOME)')
    .option('--replace', 'in place of a key that is there', false)
    .action(async (options: Common & { name: string; out?: string; replace: boolean }) => {
      const session = openSession(options);
      const dir = options.out ?? session.settings.home;
      if (!options.replace && existsSync(join(dir, 'operator.key'))) throw new Fault('conflict', `${join(dir, 'operator.key')} exists; give --replace to make a new key in its place, or another --out`);
      // Only here: it is the largest part of what a command would load.
      const { makeCertificateRequest, makePrivateKey } = await import('@pier/shared/x509');
      const privatePem = makePrivateKey();
      const csr = await makeCertificateRequest({ privatePem, commonName: `operator:${options.name}` });
      const answer = await session.api.call('signOperator', { body: { name: options.name, csr } });
      const files = { key: join(dir, 'operator.key'), certificate: join(dir, 'operator.crt'), ca: join(dir, 'ca.crt'), mqtt: join(dir, 'mqtt.url') };
      await writePrivateFile(files.key, privatePem);
      await writePrivateFile(files.certificate, answer.certificate);
      await writePrivateFile(files.ca, answer.ca);
      await writePrivateFile(files.mqtt, `${answer.mqtt}\n`);
      if (options.output === 'json') output.json({ ...files, url: answer.mqtt });
      else output.line(`certificate for operator:${options.name} in ${dir}; MQTT at ${answer.mqtt}`);
    });
}
