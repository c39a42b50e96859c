import { readFileSync } from 'node:fs';
import { type Model, newModelFromString } from 'casbin';
import { GrantlogError } from '../contract/grantlog.error';

/** The model could not be read. The message names the file and what Casbin says about it. */
export class ModelError extends GrantlogError {
  constructor(path: string, cause: unknown) {
    super(
      'INVALID_INPUT',
      `model: ${path} is not a Casbin model: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

/**
 * The model, or the one in a CONF file.
 * @throws ModelError
 */
export function readModel(model: Model | string): Model {
  if (typeof model !== 'string') return model;
  try {
    return newModelFromString(readFileSync(model, 'utf8')); // newModelFromFile works only once Casbin has made an enforcer
  } catch (error) {
    throw new ModelError(model, error);
  }
}
