/** What is typed where a manager is new: said on several pages, so it stands here. */

/** Keys, and the policy that names them; the root key stays with whoever typed this. */
export const firstPolicyCommands = `./pier key generate root
./pier key generate release
./pier key generate operator
./pier policy sign --root root.key --release release.pub --operator operator.pub --out policy.json
./pier policy push policy.json`;

/** How the commands reach this manager: the token is made on the page "People". */
export function signInCommand(http: string): string {
  return `export PIER_MANAGER=${http} PIER_API_TOKEN=…`;
}

/** A simulated board and the real agent that holds it, each in a terminal of its own. */
export function firstBoardCommands({ manager, token }: { manager: string; token: string }): { readonly text: string; readonly says: string }[] {
  return [
    { text: `echo '{"model":"raspberry-pi-4b","parts":[{"part":"led","name":"led","line":"GPIO17"}]}' > board.json`, says: 'A board with a lamp, described in a file' },
    { text: './pier sim board board.json --dir ./board', says: 'The board itself, in a terminal of its own' },
    { text: `./pier agent start --data ./agent --manager ${manager} --token ${token} --board sim:./board`, says: 'Its agent, in another' },
  ];
}
