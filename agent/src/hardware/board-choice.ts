/** What `--board` takes. `auto`: the first of the backends that can be used here. */
export const boardChoice = /^(?:auto|chardev|sysfs|sim:.+)$/;
