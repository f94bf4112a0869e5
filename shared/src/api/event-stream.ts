/** Reads server-sent events (WHATWG HTML, §9.2.6): as much of them as this API sends, tolerant of what it does not. */
import { Fault } from '../core/index.ts';

const eventCharsMax = 1 << 20;

export type ServerEvent = { readonly id: string | undefined; readonly data: string };

/** Events of a body, until it ends. Faults: `too-large` for an event without end. */
export async function* serverEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = endOfEvent(text); end !== undefined; end = endOfEvent(text)) {
      const event = eventOf(text.slice(0, end.at));
      text = text.slice(end.next);
      if (event) yield event;
    }
    if (text.length > eventCharsMax) throw new Fault('too-large', `an event of the stream has more than ${eventCharsMax} characters`);
  }
}

function endOfEvent(text: string): { readonly at: number; readonly next: number } | undefined {
  const found = /\r?\n\r?\n/.exec(text);
  return found ? { at: found.index, next: found.index + found[0].length } : undefined;
}

/** Undefined for a block without data: a comment, or the time after which to come back. */
function eventOf(block: string): ServerEvent | undefined {
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([a-z]+)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
  }
  return data.length === 0 ? undefined : { id, data: data.join('\n') };
}
