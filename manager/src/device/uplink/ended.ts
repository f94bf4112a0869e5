const connsMax = 8;
const devicesMax = 20_000;

/**
 * Connections that said goodbye, or whose will came. A connection's name is random and used once, so nothing that comes
 * under it afterwards says that the device is there, in whatever order a broker or its replay brings it. In memory, the last
 * few of each device: what is forgotten ends with the silence watch instead.
 */
export class EndedConnections {
  readonly #conns = new Map<string, readonly string[]>();

  get size(): number {
    return this.#conns.size;
  }

  note(device: string, conn: string): void {
    const conns = this.#conns.get(device) ?? [];
    this.#conns.delete(device);
    this.#conns.set(device, [conn, ...conns.filter((one) => one !== conn)].slice(0, connsMax));
    const [longest] = this.#conns.keys();
    if (this.#conns.size > devicesMax && longest !== undefined) this.#conns.delete(longest);
  }

  has(device: string, conn: string): boolean {
    return this.#conns.get(device)?.includes(conn) ?? false;
  }
}
