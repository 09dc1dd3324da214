// Checks a search and brings it into the form that the router understands. What is not understood is refused, never
// ignored: a search parameter that a server ignores answers with everybody's data.
import { searchParameter } from './definitions.mjs';
import { sortable } from './repository.mjs';

const DEFAULT_COUNT = 100;
const MAX_COUNT = 1000;
const MODIFIERS = new Set(['', 'missing', 'not']);

/** A search that this server does not answer. */
export class BadQuery extends Error {}

/** The parameters of a search of `type`, checked and normalised; `base` is this server's own base URL. */
export function checkQuery(type, params, base) {
  const checked = new URLSearchParams();
  const page = { count: DEFAULT_COUNT, offset: 0 };
  for (const [key, value] of params) {
    if (key === '_count') page.count = Math.min(integer(key, value), MAX_COUNT);
    else if (key === '_offset') page.offset = integer(key, value);
    else if (key === '_format') checkFormat(value);
    else if (key === '_sort') checked.append(key, checkSort(value));
    else checked.append(key, checkFilter(type, key, value, base));
  }
  checked.set('_count', page.count);
  checked.set('_offset', page.offset);
  return { params: checked, ...page };
}

function integer(key, value) {
  if (!/^\d{1,7}$/.test(value)) throw new BadQuery(`${key} must be a number`);
  return Number(value);
}

function checkFormat(value) {
  if (!/^(json|application\/(fhir\+)?json)$/.test(value)) throw new BadQuery('_format must be json');
}

function checkSort(value) {
  for (const field of value.split(',')) {
    if (!sortable.has(field.replace(/^-/, ''))) throw new BadQuery(`_sort knows ${[...sortable].join(', ')} only`);
  }
  return value;
}

function checkFilter(type, key, value, base) {
  const [code, modifier = '', ...rest] = key.split(':');
  const parameter = code === '_compartment' ? undefined : searchParameter(type, code);
  if (!parameter) throw new BadQuery('unknown search parameter');
  if (rest.length > 0 || !MODIFIERS.has(modifier)) throw new BadQuery(`unknown modifier of the search parameter ${code}`);
  if (value === '') throw new BadQuery(`the search parameter ${code} has no value`);
  if (modifier === 'missing') {
    if (value !== 'true' && value !== 'false') throw new BadQuery(`${code}:missing must be true or false`);
    return value;
  }
  if (parameter.type === 'reference') return value.split(',').flatMap((one) => targets(parameter, one, base)).join(',');
  if (parameter.type === 'date') return checkDate(code, value);
  return value;
}

/** `Type/id` for a reference in any of its forms; a bare id may mean any of the parameter's target types. */
function targets(parameter, value, base) {
  const local = value.startsWith(`${base}/`) ? value.slice(base.length + 1) : value;
  if (local.includes('/')) return [local];
  const types = parameter.code === 'patient' ? ['Patient'] : (parameter.target ?? []);
  return types.map((type) => `${type}/${local}`);
}

function checkDate(code, value) {
  for (const one of value.split(',')) {
    const date = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?)$/.exec(one)?.[2];
    if (!date || Number.isNaN(Date.parse(date))) throw new BadQuery(`the search parameter ${code} is not a date`);
  }
  return value;
}
