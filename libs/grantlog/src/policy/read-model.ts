import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isNativeError } from 'node:util/types';
import { type Model, newModelFromString } from 'casbin';
import { GrantlogError } from '../contract/grantlog.error';

/** The model could not be read. The message names the file, and what the system or Casbin says about it. */
export class ModelError extends GrantlogError {
  constructor(path: string, complaint: string, cause: unknown) {
    const detail = isNativeError(cause) ? cause.message : String(cause);
    super('INVALID_INPUT', `model: ${resolve(path)} ${complaint}: ${detail}`, { cause });
  }
}

/**
 * The model, or the one in a CONF file.
 * @throws ModelError
 */
export function readModel(model: Model | string): Model {
  if (typeof model !== 'string') return model;
  const text = attempt(model, 'cannot be read', () => readFileSync(model, 'utf8'));
  return attempt(model, 'is not a Casbin model', () => newModelFromString(text)); // newModelFromFile needs an enforcer made before
}

function attempt<T>(path: string, complaint: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ModelError(path, complaint, error);
  }
}
