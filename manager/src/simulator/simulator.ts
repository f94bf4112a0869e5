import type { SimAct, SimBoard, SimBoardDetail } from '@pier/shared/api';
import { type Clock, Fault, type Log, isoTime, toFault } from '@pier/shared/core';
import { type Db, storeAudit } from '../db/index.ts';
import type { Actor, Handlers } from '../http/index.ts';
import { type BoardFolder, boardFolder, boardFolders } from './folders.ts';
import { Holders } from './holder.ts';
import { BoardLinks } from './links.ts';
import { orderOf } from './orders.ts';
import { readRecordTail, sinceBoot } from './record-tail.ts';
import { type Told, askBoard, showBoard } from './show.ts';

type Names = 'listSimBoards' | 'getSimBoard' | 'getSimRecording' | 'actOnSimBoard';
export type Simulator = { readonly handlers: Pick<Handlers, Names> } & AsyncDisposable;

type Deps = { readonly dir: string; readonly db: Db; readonly clock: Clock; readonly log: Log };

/** The simulated boards in a folder, for people to look at and to drive. Without a folder there are none. */
export function openSimulator({ dir, ...deps }: Omit<Deps, 'dir'> & { readonly dir: string | undefined }): Simulator {
  if (dir === undefined) return { handlers: noBoards, [Symbol.asyncDispose]: async () => {} };
  const boards = new Boards({ dir, ...deps });
  const handlers: Simulator['handlers'] = {
    listSimBoards: async () => ({ items: await boards.list() }),
    getSimBoard: async ({ params }) => boards.look(await boardFolder(dir, params.id)),
    getSimRecording: async ({ params, query }) => {
      const { edges, left, next } = await readRecordTail(await boardFolder(dir, params.id), query);
      const nowNs = deps.clock.monotonicNs();
      const present = sinceBoot(edges, nowNs);
      return { edges: [...present], nowNs: String(nowNs), next, left: left + edges.length - present.length };
    },
    actOnSimBoard: async ({ params, body, actor }) => boards.act(await boardFolder(dir, params.id), body, actor),
  };
  return { handlers, [Symbol.asyncDispose]: () => boards[Symbol.asyncDispose]() };
}

async function none(): Promise<never> {
  throw new Fault('not-found', 'this manager drives no simulated boards; start it with --simulator DIR, the folder that holds the folders of the boards');
}
const noBoards: Simulator['handlers'] = { listSimBoards: async () => ({ items: [] }), getSimBoard: none, getSimRecording: none, actOnSimBoard: none };

class Boards implements AsyncDisposable {
  readonly #deps: Deps;
  readonly #links: BoardLinks;
  readonly #holders: Holders;
  /** What boards said when they last answered; only of those that are still there. */
  #known = new Map<string, SimBoard>();
  #left = 0;
  #listing: Promise<SimBoard[]> | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#links = new BoardLinks(deps);
    this.#holders = new Holders(deps);
  }

  /** Who asks while boards are asked already gets the same answer: many who look are no more work than one. */
  list(): Promise<SimBoard[]> {
    this.#listing ??= this.#list().finally(() => (this.#listing = undefined));
    return this.#listing;
  }

  async #list(): Promise<SimBoard[]> {
    const { boards, left } = await boardFolders(this.#deps.dir);
    if (left !== this.#left) this.#deps.log.warn({ left }, 'simulator.boards-left-out');
    this.#left = left;
    const items = await Promise.all(boards.map((folder) => this.#summary(folder)));
    this.#known = new Map(items.map((item) => [item.id, item]));
    return items;
  }

  async look(folder: BoardFolder): Promise<SimBoardDetail> {
    return this.#show(folder, await this.#links.use(folder, askBoard));
  }

  async #show(folder: BoardFolder, told: Told): Promise<SimBoardDetail> {
    const device = await this.#holders.of(told.profile);
    return showBoard(told, { id: folder.id, device, at: isoTime(this.#deps.clock.nowMs()) });
  }

  /** Tells the audit also what the board refused, since one that stays silent may yet do it. */
  async act(folder: BoardFolder, act: SimAct, actor: Actor): Promise<SimBoardDetail> {
    if (act.act === 'set-part' && Object.keys(act.values).length > 32) throw new Fault('input-invalid', 'body: values: at most 32 values are set at once');
    try {
      await this.#links.use(folder, (client) => client.request(orderOf(act), client.gone));
    } catch (thrown) {
      await this.#tell(folder, { act, actor, refused: toFault(thrown).code });
      throw thrown;
    }
    await this.#tell(folder, { act, actor });
    return this.look(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#links[Symbol.asyncDispose]();
  }

  async #tell({ id }: BoardFolder, { act: { act, ...what }, actor, refused }: { act: SimAct; actor: Actor; refused?: string }): Promise<void> {
    const { db, clock } = this.#deps;
    const detail = { ...what, ...(refused !== undefined && { refused }) };
    await storeAudit(db, [{ actor: actor.name, action: `simulator.${act}`, object: `simulated-board:${id}`, detail }], clock.nowMs());
  }

  async #summary(folder: BoardFolder): Promise<SimBoard> {
    const told = await this.#links.use(folder, askBoard).catch((thrown: unknown) => {
      this.#deps.log.debug({ board: folder.id, reason: toFault(thrown).message }, 'simulator.no-answer');
    });
    if (!told) return { ...(this.#known.get(folder.id) ?? { id: folder.id, model: 'unknown', device: null, parts: 0 }), answers: false };
    const { id, model, device, answers, parts } = await this.#show(folder, told);
    return { id, model, device, answers, parts };
  }
}
