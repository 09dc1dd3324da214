// Loads resources from NDJSON files. Every line is loaded, or named as rejected with the reason.
import { validateResource } from '@medplum/core';
import { resourceTypes } from './definitions.mjs';
import { lines } from './ndjson.mjs';

const ID = /^[A-Za-z0-9.-]{1,64}$/;

/** Loads `file` into `repository`; `rejected(where, reason)` hears of every line that was not loaded. */
export async function loadFile(repository, file, { rejected, progress }) {
  let loaded = 0;
  for await (const { line, text } of lines(file)) {
    const reason = await loadLine(repository, text);
    if (reason) {
      rejected(`${file}:${line}`, reason);
    } else {
      loaded += 1;
      if (loaded % 10_000 === 0) progress(loaded);
    }
  }
  return loaded;
}

async function loadLine(repository, text) {
  let resource;
  try {
    resource = JSON.parse(text);
  } catch {
    return 'not valid JSON';
  }
  const reason = faults(resource);
  if (reason) return reason;
  if (!ID.test(resource.id ?? '')) return `${resource.resourceType}: no id, or one that FHIR does not allow`;
  if (repository.has(resource.resourceType, resource.id)) return `${resource.resourceType}: its id appeared before`;
  await repository.createResource(resource);
  return undefined;
}

/** What is wrong with a resource, or undefined. Never quotes its content. */
export function faults(resource) {
  const type = resource?.resourceType;
  if (typeof type !== 'string' || !resourceTypes.has(type)) return 'not a FHIR R4 resource';
  try {
    validateResource(resource);
    return undefined;
  } catch (error) {
    const issues = (error.outcome?.issue ?? []).filter((issue) => issue.severity !== 'warning');
    const first = issues[0];
    const at = first?.expression?.join(', ');
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
    return `${type}: ${first?.code ?? 'invalid'}${at ? ` at ${at}` : ''}${more}`;
  }
}
