/** What tsyringe asks of the metadata part of the Reflect proposal when it loads; it gets "nothing known", unless a full implementation is there. */
const answers = { getMetadata: () => undefined, getOwnMetadata: () => undefined };

for (const [name, value] of Object.entries(answers)) {
  if (!Object.hasOwn(Reflect, name)) Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
}

export const reflectAnswers = Object.keys(answers).every((name) => Object.hasOwn(Reflect, name));
