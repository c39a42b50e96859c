import { ApiError, get } from '../api/api';
import type { Suggestion } from '../api/known-keys';
import { asked, narrowed } from './filters';
import { parsed } from './qualifiers';
import type { Query } from '../route';

/** What the text of the box asks for, or what is wrong with it. */
type Searched = { readonly address: Query } | { readonly wrong: string };

/**
 * The address narrowed by what is written. Whether the server can be asked that, it is asked: only it knows what a key looks like
 * there. If it cannot be reached, the list says so.
 */
export async function searched(address: Query, text: string): Promise<Searched> {
  const { filter, words, problem } = parsed(text);
  if (problem) return { wrong: problem };
  const found: Record<string, string> = { ...filter };
  for (const word of words) {
    const meant = await meaningOf(word);
    if ('wrong' in meant) return meant;
    if (found[meant.field]) return { wrong: `${word} is another ${meant.field}; a record has one.` };
    found[meant.field] = meant.key;
  }
  const target = narrowed(address, found);
  const wrong = await refusalOf(target);
  return wrong === undefined ? { address: target } : { wrong };
}

/** The only key that begins so. */
async function meaningOf(word: string): Promise<Suggestion | { readonly wrong: string }> {
  const { items } = await get<{ items: readonly Suggestion[] }>('audit-records/suggestions', {
    word,
    limit: '2',
  }).catch(() => ({ items: [] }));
  const [only, another] = items;
  if (only && !another) return only;
  if (only) return { wrong: `Several keys begin with “${word}”: choose one that is suggested.` };
  return {
    wrong: `No key in the log begins with “${word}”. Qualifiers are actor: subject: role: scope: and others; press ↓.`,
  };
}

async function refusalOf(address: Query): Promise<string | undefined> {
  try {
    await get('audit-records', { ...asked(address, new Date()), limit: '1' });
    return undefined;
  } catch (error) {
    return !(error instanceof ApiError) || error.status === 400 ? (error as Error).message : undefined;
  }
}
