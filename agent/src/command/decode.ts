import { type CommandId, type KeyId, type Verdict, accept, check, invariant, parseJson, refuse, toFault } from '@pier/shared/core';
import { Command, SignedCommand, payloadBytesMax } from '@pier/shared/wire';
import { Envelope, type TrustPolicy, keysOf, openEnvelope, payloadTypes } from '@pier/shared/signing';

/** A command as somebody asked for it, with what is proven about them. */
export type Asked = {
  readonly id: CommandId | undefined;
  readonly cmd: string;
  readonly args: unknown;
  readonly by: string | undefined;
  /** Undefined for plain JSON, whose `by` is only claimed. */
  readonly signed: { readonly keyId: KeyId; readonly role: 'operator' | 'scheduler'; readonly number: number; readonly device: string } | undefined;
};

/** What an envelope says that nobody trusted has signed: good for an answer, for nothing else. */
export type Claims = Pick<SignedCommand, 'id' | 'cmd' | 'device'>;
export type Decoded = Verdict<Asked> & { readonly claims?: Claims };

/**
 * Reads a payload of `down/cmd`: plain JSON, or an envelope when it has `payloadType`.
 * Refused: `command-unknown` for what is no command, `untrusted-signer` and `signature-invalid` for a bad envelope.
 */
export function decodeCommand(payload: Uint8Array, policy: TrustPolicy): Decoded {
  try {
    const json = parseJson(payload, { what: 'command', sizeBytesMax: payloadBytesMax });
    if (typeof json !== 'object' || json === null || !('payloadType' in json)) {
      const { id, cmd, args, by } = check(Command, json, { what: 'command' });
      return accept({ id, cmd, args, by, signed: undefined });
    }
    return openSigned(json, policy);
  } catch (cause) {
    const fault = toFault(cause);
    return refuse('command-unknown', fault.message);
  }
}

function openSigned(envelope: unknown, policy: TrustPolicy): Decoded {
  for (const role of ['operator', 'scheduler'] as const) {
    const opened = openEnvelope(envelope, { payloadType: payloadTypes.command, keys: keysOf(policy, role) });
    if (!opened.ok) {
      if (opened.refusal.code !== 'untrusted-signer') return opened;
      continue;
    }
    const { id, cmd, args, number, device } = check(SignedCommand, parseJson(opened.value.payload, { what: 'signed command', sizeBytesMax: payloadBytesMax }), { what: 'signed command' });
    const [keyId] = opened.value.keyIds;
    invariant(keyId !== undefined, 'an envelope that was opened has a signer');
    const name = policy.keys.find((key) => key.id === keyId)?.name ?? keyId;
    return accept({ id, cmd, args, by: `${role}:${name}`, signed: { keyId, role, number, device } });
  }
  const claims = claimsOf(envelope);
  return { ...refuse('untrusted-signer', 'the command is signed by no operator or scheduler key of the policy in force'), ...(claims ? { claims } : {}) };
}

function claimsOf(envelope: unknown): Claims | undefined {
  try {
    const { payload } = Envelope.parse(envelope);
    return SignedCommand.parse(parseJson(Buffer.from(payload, 'base64'), { what: 'signed command', sizeBytesMax: payloadBytesMax }));
  } catch {
    // Nothing that could be answered; that nobody trusted has signed it is said anyway.
    return undefined;
  }
}
