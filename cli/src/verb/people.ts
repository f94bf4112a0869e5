import { type Command, InvalidArgumentError } from 'commander';
import { readFileSync } from 'node:fs';
import { Fault, check } from '@pier/shared/core';
import { Role, UserName } from '@pier/shared/api';
import { type Common, openSession, output, withManager } from '../session/index.ts';
import { positive } from './words.ts';

function role(word: string): Role {
  const read = Role.safeParse(word);
  if (!read.success) throw new InvalidArgumentError(`${Role.options.join(', ')} is expected`);
  return read.data;
}

const nameOf = (word: string): string => check(UserName, word, { what: 'user' });

/** From standard input, so that no password stands in a list of processes or in a shell's history. */
function passwordFromStdin(): string {
  const text = readFileSync(0, 'utf8').replace(/\r?\n$/, '');
  if (text === '') throw new Fault('input-invalid', 'the password is read from standard input, which is empty; such as: pier user create NAME < password.txt');
  return text;
}

/** `pier user …` and `pier api-token …`: who may use this manager. */
export function addPeople(program: Command): void {
  addUsers(program.command('user').description('people who use this manager'));
  addApiTokens(program.command('api-token').description('tokens for scripts, under a person'));
}

function addUsers(user: Command): void {
  withManager(user.command('list'))
    .description('users, by name')
    .action(async (options: Common) => {
      const page = await openSession(options).api.call('listUsers', {});
      if (options.output === 'json') return output.json(page);
      output.table(['USER', 'ROLE', 'SINCE'], page.items.map((one) => [one.name, one.role, one.createdAt]));
    });
  withManager(user.command('create').argument('<name>'))
    .description('make a user; the password is read from standard input')
    .option('--role <role>', 'viewer, operator or admin', role, 'viewer')
    .action(async (name: string, options: Common & { role: Role }) => {
      const one = await openSession(options).api.call('createUser', { body: { name: nameOf(name), role: options.role, password: passwordFromStdin() } });
      if (options.output === 'json') output.json(one);
      else output.line(`user ${one.name} is ${one.role}`);
    });
  withManager(user.command('role').argument('<name>').argument('<role>', 'viewer, operator or admin', role))
    .description("change a user's role; sessions and tokens above it end")
    .action(async (name: string, to: Role, options: Common) => {
      const one = await openSession(options).api.call('changeUser', { params: { user: nameOf(name) }, body: { role: to } });
      if (options.output === 'json') output.json(one);
      else output.line(`user ${one.name} is ${one.role}`);
    });
  withManager(user.command('password').argument('<name>'))
    .description("change a user's password, read from standard input")
    .action(async (name: string, options: Common) => {
      const one = await openSession(options).api.call('changeUser', { params: { user: nameOf(name) }, body: { password: passwordFromStdin() } });
      if (options.output === 'json') output.json(one);
      else output.line(`the password of ${one.name} is changed`);
    });
  withManager(user.command('remove').argument('<name>'))
    .description('remove a user with all sessions and tokens')
    .action(async (name: string, options: Common) => {
      await openSession(options).api.call('removeUser', { params: { user: nameOf(name) } });
      if (options.output === 'json') output.json({ name, removed: true });
      else output.line(`user ${name} is removed`);
    });
}

function addApiTokens(token: Command): void {
  withManager(token.command('list'))
    .description("one's own API tokens")
    .action(async (options: Common) => {
      const page = await openSession(options).api.call('listApiTokens', {});
      if (options.output === 'json') return output.json(page);
      output.table(['TOKEN', 'NAME', 'USER', 'ROLE', 'EXPIRES', 'LAST USED'], page.items.map((one) => [one.id, one.name, one.user, one.role, one.expiresAt ?? 'never', one.lastUsedAt ?? 'never']));
    });
  withManager(token.command('create').argument('<name>', 'what it is for'))
    .description('make an API token; it is shown once')
    .option('--role <role>', "at most one's own", role, 'viewer')
    .option('--expires-in <seconds>', 'life time', positive)
    .action(async (name: string, options: Common & { role: Role; expiresIn?: number }) => {
      const one = await openSession(options).api.call('createApiToken', { body: { name, role: options.role, ...(options.expiresIn !== undefined && { expiresInS: options.expiresIn }) } });
      if (options.output === 'json') return output.json(one);
      output.line(one.token);
      output.note(`${one.role} for ${one.user}, until ${one.expiresAt ?? 'it is revoked'}; end it with: pier api-token revoke ${one.id}`);
    });
  withManager(token.command('revoke').argument('<id>'))
    .description('end an API token')
    .action(async (id: string, options: Common) => {
      await openSession(options).api.call('revokeApiToken', { params: { id } });
      if (options.output === 'json') output.json({ id, revoked: true });
      else output.line(`token ${id} is ended`);
    });
}
