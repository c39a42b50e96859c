import type { Model } from 'casbin';
import { InvalidArgumentError, Option } from 'commander';
import { KeySyntax } from '../contract/namespaced-key';
import { InvalidInputError } from '../contract/grantlog.error';
import { ModelError, readModel } from '../policy/read-model';
import { setting, type Terminal } from './terminal';
import { UsageError } from './usage.error';

/** Options of every command. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly separator?: string;
  readonly bareKeys?: boolean;
}

/** Of commands that need to know the app's model; add it by `modelOption()`. */
export interface ModelOptions {
  readonly model?: string;
}

/** Of commands that decide as the app does; add it by `scopeMatchingOption()`. */
export interface ScopeMatchingOptions {
  readonly scopeMatching?: string;
}

export const modelOption = (): Option =>
  new Option('--model <file>', "the app's Casbin model, a CONF file. Default: CASBIN_MODEL");

export const scopeMatchingOption = (): Option =>
  new Option(
    '--scope-matching <kind>',
    "as the app's option scopeMatching. Default: GRANTLOG_SCOPE_MATCHING, or exact",
  ).choices(scopeMatchings);

const scopeMatchings = ['exact', 'glob'] as const;

/** For options that count something. */
export function wholeNumber(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('must be a whole number.');
}

/** What the app's options say, which the command line does not know by itself: they MUST be the same here. */
export class Settings {
  constructor(
    private readonly terminal: Terminal,
    private readonly options: CommonOptions & ModelOptions & ScopeMatchingOptions,
  ) {}

  /** Between namespace and external key. */
  get separator(): string {
    const separator = this.options.separator ?? setting(this.terminal, 'GRANTLOG_SEPARATOR') ?? '^';
    if (separator !== '' && separator.length <= 10) return separator;
    throw new InvalidInputError('--separator', 'must have 1 to 10 characters');
  }

  keys(): KeySyntax {
    return new KeySyntax(
      this.separator,
      this.options.bareKeys ?? setting(this.terminal, 'GRANTLOG_BARE_KEYS') === 'true',
    );
  }

  /** The model; `undefined` if none is given. */
  model(): Model | undefined {
    const path = this.options.model ?? setting(this.terminal, 'CASBIN_MODEL');
    if (path === undefined) return undefined;
    try {
      return readModel(path);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      throw new UsageError(
        error.message.replace('model', this.options.model === undefined ? 'CASBIN_MODEL' : '--model'),
      );
    }
  }

  /** @throws UsageError if none is given */
  neededModel(): Model {
    const model = this.model();
    if (model !== undefined) return model;
    throw new UsageError("the app's Casbin model is needed: set CASBIN_MODEL or --model to its CONF file");
  }

  scopeMatching(): 'exact' | 'glob' {
    const given = this.options.scopeMatching ?? setting(this.terminal, 'GRANTLOG_SCOPE_MATCHING') ?? 'exact';
    const kind = scopeMatchings.find((one) => one === given);
    if (kind) return kind;
    throw new UsageError(`GRANTLOG_SCOPE_MATCHING must be one of ${scopeMatchings.join(', ')}`);
  }
}
