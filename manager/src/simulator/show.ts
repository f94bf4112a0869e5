import type * as z from 'zod';
import { SimBoardDetail } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { type BoardProfile, type SimClient, type SimLine, type SimPort, type WiredPart, findLine } from '@pier/shared/hardware';

/** What a board told of itself, at one moment. */
export type Told = { readonly profile: BoardProfile; readonly lines: readonly SimLine[]; readonly ports: readonly SimPort[]; readonly parts: readonly WiredPart[] };
type Detail = z.infer<typeof SimBoardDetail>;

/** Faults: those of the board. */
export async function askBoard(client: SimClient): Promise<Told> {
  const ops = ['hello', 'lines', 'ports', 'parts'] as const;
  const [hello, lines, ports, parts] = await Promise.all(ops.map((op) => client.request({ op }, client.gone)));
  if (!hello || !('hello' in hello) || !lines || !('lines' in lines) || !ports || !('ports' in ports) || !parts || !('parts' in parts)) throw new Fault('hardware-fault', 'the simulated board answered something else than it was asked');
  return { profile: hello.hello.profile, lines: lines.lines, ports: ports.ports, parts: parts.parts };
}

export function showBoard({ profile, lines, ports, parts }: Told, { id, device, at }: { id: string; device: Detail['device']; at: string }): Detail {
  return SimBoardDetail.parse({
    id,
    model: profile.model,
    device,
    answers: true,
    parts: parts.length,
    at,
    lines: lines.map((line) => {
      const { headerPin = null, reserved = null } = findLine(profile, line) ?? {};
      // The board names the kernel as the consumer of what is reserved, which is no app.
      return { ...line, headerPin, reserved, consumer: reserved === null ? line.consumer : null };
    }),
    ports: ports.map(({ device: terminal, ...port }) => ({ ...port, plugged: terminal !== null })),
    partList: parts,
  });
}
