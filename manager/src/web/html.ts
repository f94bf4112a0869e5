const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text that already is HTML; only `html` makes it. */
class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A template whose values are escaped, unless they are HTML by the same road. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  return new Html(parts.map((part, index) => part + shown(values[index] ?? '')).join(''));
}

function shown(value: string | Html): string {
  return value instanceof Html ? value.text : value.replace(/[&<>"']/g, (char) => entities[char] ?? '');
}

export type { Html };
