import type { Command } from 'commander';
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Fault, canonicalJson, check, parseJson, systemClock } from '@pier/shared/core';
import { capabilityKinds } from '@pier/shared/capability';
import { Envelope, TrustPolicy, keyIdOf, payloadTypes, publicPemOf, signEnvelope } from '@pier/shared/signing';
import { type Common, openSession, output, readPrivateKey, readUserFile, withManager, withOutput } from '../session/index.ts';

type SignOptions = Common & { root: string; release: string[]; operator: string[]; scope: string; out: string; unsignedCommands: 'readOnly' | 'allow' };

const collect = (value: string, all: string[]): string[] => [...all, value];

/** `pier policy sign`: makes a trust policy of the named keys and signs it with the root key; the root key stays here. */
export function addPolicy(program: Command): void {
  const policy = program.command('policy').description('the trust policy: who may sign what');
  withManager(policy.command('sign'))
    .description("make and sign a trust policy; the manager's scheduler key is read from the manager")
    .requiredOption('--root <file>', 'private root key')
    .option('--release <file>', 'public key that signs artifacts (repeatable)', collect, [])
    .option('--operator <file>', 'public key that signs commands (repeatable)', collect, [])
    .option('--scope <prefix>', 'repositories for which the release keys count', 'manager')
    .option('--unsigned-commands <who>', 'readOnly: only reading verbs may be typed unsigned; allow: all verbs', 'readOnly')
    .requiredOption('--out <file>', 'where the signed policy is written')
    .action((options: SignOptions) => signPolicy(options));
  withManager(policy.command('push').argument('<file>', 'signed policy'))
    .description('give the manager a signed policy; devices check it against the root that their claim token names')
    .action(async (file: string, options: Common) => {
      const envelope = check(Envelope, parseJson(readUserFile(file, 'policy')), { what: file });
      const answer = await openSession(options).api.call('putPolicy', { body: envelope });
      if (options.output === 'json') output.json({ number: answer.number, root: answer.root });
      else output.line(`policy ${answer.number} is in force, root ${answer.root}`);
    });
  withOutput(policy.command('key').argument('<file>', 'public key')).description('print the id of a public key').action((file: string, options: Common) => {
    const id = keyIdOf(readUserFile(file, 'public key'));
    if (options.output === 'json') output.json({ id });
    else output.line(id);
  });
}

async function signPolicy(options: SignOptions): Promise<void> {
  const scheduler = await openSession(options).api.call('getScheduler', {});
  const rootPem = readPrivateKey(options.root, 'root key');
  const root = publicPemOf(rootPem);
  const named = (files: readonly string[], role: 'release' | 'operator') => files.map((file) => ({ ...publicKeyIn(file), name: basename(file, '.pub'), role }));
  const release = named(options.release, 'release');
  if (release.length === 0) throw new Fault('input-invalid', 'a policy without a --release key lets nothing run; name at least one');
  const body = check(
    TrustPolicy,
    {
      number: systemClock.nowMs(),
      root: { id: keyIdOf(root), pem: root },
      keys: [...release, ...named(options.operator, 'operator'), { id: scheduler.id, name: 'scheduler', role: 'scheduler', pem: scheduler.pem }],
      scopes: [{ prefix: options.scope, keys: release.map((key) => key.id), threshold: 1, capabilities: [...capabilityKinds] }],
      bindings: 'manager',
      permits: 'optional',
      unsignedCommands: options.unsignedCommands,
    },
    { what: 'policy', code: 'policy-invalid' },
  );
  writeFileSync(options.out, `${JSON.stringify(signEnvelope({ payloadType: payloadTypes.policy, payload: canonicalJson(body), privatePem: rootPem }))}\n`);
  if (options.output === 'json') output.json({ number: body.number, root: body.root.id, file: options.out });
  else output.line(`policy ${body.number} signed by root ${body.root.id}, written to ${options.out}`);
}

/** The public key in a file. Faults name the file. */
function publicKeyIn(file: string): { id: string; pem: string } {
  const pem = readUserFile(file, 'public key');
  try {
    return { id: keyIdOf(pem), pem };
  } catch (cause) {
    throw new Fault('input-invalid', `${file} holds no P-256 public key; "pier key generate" writes it beside the private one as FILE.pub`, {}, cause);
  }
}
