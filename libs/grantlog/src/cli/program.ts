import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { types } from 'node:util';
import { Command, CommanderError } from 'commander';
import { InvalidInputError } from '../contract/grantlog.error';
import { sqlStateOf } from '../database/lost-connection';
import { AuditTrail } from '../trail/audit-trail';
import { NotInstalledError } from '../installation';
import { allCommands } from './all-commands';
import { connected, dataSourceOf } from './connection';
import { type ExitCode, exitCodes } from './exit-codes';
import { Output } from './output';
import { printable } from './printable';
import type { AddsCommand, Handler, Session } from './session';
import { type CommonOptions, Settings } from './settings';
import type { Terminal } from './terminal';
import { UsageError } from './usage.error';

/**
 * The command line: reads the arguments, runs the command, and says how it ended. Nothing is thrown.
 * @param args without the names of program and script
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  commands: readonly AddsCommand[] = allCommands,
): Promise<ExitCode> {
  terminal.stderr.on('error', () => undefined); // nobody is left to be told
  let code: ExitCode = exitCodes.fine;
  const program = rootCommand(terminal);
  const run = <Options>(handler: Handler<Options>) =>
    async function (this: Command): Promise<void> {
      code = await perform(handler, this, terminal);
    };
  for (const add of commands) add(program, run);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return failed(error, terminal);
  }
}

function rootCommand({ stdout, stderr }: Terminal): Command {
  return new Command('grantlog')
    .description('Reads and keeps in order the audit log of role changes in the database of DATABASE_URL.')
    .version(version())
    .option('--json', 'answer in JSON, and print nothing else on stdout')
    .option('--separator <text>', "the app's option separator. Default: GRANTLOG_SEPARATOR, or ^")
    .option('--bare-keys', "the app's option bareKeys. Default: GRANTLOG_BARE_KEYS=true")
    .addHelpText('after', '\nExit codes: 0 fine, 1 error, 2 usage, 3 a finding.')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(printable(text)) })
    .exitOverride();
}

function perform<Options>(handler: Handler<Options>, command: Command, terminal: Terminal): Promise<ExitCode> {
  const options = command.optsWithGlobals<Options & CommonOptions>();
  const settings = new Settings(terminal, options);
  const keys = settings.keys();
  const dataSource = dataSourceOf(terminal);
  const session: Session = {
    dataSource,
    keys,
    trail: new AuditTrail(dataSource, keys),
    output: new Output(terminal.stdout, options.json === true),
    settings,
    terminal,
    progress: (line) => terminal.stderr.isTTY === true && say(terminal, line),
    note: (line) => say(terminal, line),
  };
  return connected(dataSource, () => handler(session, options, ...command.args)).catch((error: unknown) => {
    throw inWordsOf(command, error);
  });
}

/** Services name fields; whoever typed an option looks for that. */
function inWordsOf(command: Command, error: unknown): unknown {
  if (!(error instanceof InvalidInputError)) return error;
  const option = command.options.find((one) => one.attributeName() === error.field);
  return option?.long ? new UsageError(error.message.replace(error.field, option.long)) : error;
}

/** Says on stderr in one line why there is no answer. */
function failed(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage; // it has said why
  say(terminal, problemOf(error));
  return error instanceof UsageError || error instanceof InvalidInputError ? exitCodes.usage : exitCodes.error;
}

function say({ stderr }: Terminal, line: string): void {
  stderr.write(`grantlog: ${printable(line.replaceAll('\n', ' '))}\n`);
}

/** Node tells of each address that it has tried, and says nothing itself. */
function problemOf(error: unknown): string {
  if (isNotInstalled(error)) return `${error.message}; run \`grantlog migrate\` first`;
  if (error instanceof AggregateError) return error.errors.map(problemOf).join('; ');
  if (types.isNativeError(error)) return error.message || error.name;
  return String(error);
}

/** A table or column of ours is not there, says PostgreSQL. */
function isNotInstalled(error: unknown): error is Error {
  if (error instanceof NotInstalledError) return true;
  return (
    error instanceof Error && ['42P01', '42703'].includes(sqlStateOf(error) ?? '') && error.message.includes('audit_')
  );
}

function version(): string {
  const { version: own } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return own;
}
