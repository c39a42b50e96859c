import { readFileSync } from 'node:fs';
import { type Model, newModelFromString } from 'casbin';
import { StartError } from '../start-error';

const requestFields = 3;

/**
 * Reads the model, and makes sure that it can answer what the demo asks of it.
 * @throws StartError
 */
export function readModel(path: string): Model {
  const model = parsed(readText(path, 'CASBIN_MODEL'), path);
  const fields = model.model.get('r')?.get('r')?.tokens.length ?? 0;
  if (fields !== requestFields) {
    throw new StartError(
      `CASBIN_MODEL ${path}: the request must have three fields (subject, action, scope); this one has ${fields}.`,
    );
  }
  if (!model.model.get('g')?.has('g')) {
    throw new StartError(
      `CASBIN_MODEL ${path}: it defines no roles; add [role_definition] with g = _, _, _ or g = _, _.`,
    );
  }
  return model;
}

/** @throws StartError naming the variable and the file */
export function readText(path: string, variable: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartError(`${variable} ${path} cannot be read: ${(error as Error).message}`);
  }
}

function parsed(text: string, path: string): Model {
  try {
    return newModelFromString(text);
  } catch (error) {
    throw new StartError(`CASBIN_MODEL ${path} is not a Casbin model: ${(error as Error).message}`);
  }
}
