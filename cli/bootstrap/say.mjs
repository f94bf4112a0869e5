/** An end of set-up that the person at the keyboard can act on: its message is all they see. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** Tells a person what set-up does. Always stderr: stdout belongs to the command that runs afterwards. */
export function say(text) {
  process.stderr.write(`pier: ${text}\n`);
}
