// Loads resources from NDJSON files. Every line is loaded, or named as rejected with the reason.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import { validateResource } from '@medplum/core';
import { resourceTypes } from './definitions.mjs';

const ID = /^[A-Za-z0-9.-]{1,64}$/;

/** Loads `file` into `repository`; `rejected(where, reason)` hears of every line that was not loaded. */
export async function loadFile(repository, file, { rejected, progress }) {
  if (!/\.ndjson(\.gz)?$/.test(file)) {
    throw new Error(`${file}: expected *.ndjson or *.ndjson.gz; "synthetic-data import" makes one out of bundles`);
  }
  let loaded = 0;
  let line = 0;
  for await (const text of lines(file)) {
    line += 1;
    if (text.trim() === '') continue;
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

async function* lines(file) {
  const failed = (error) => new Error(`${file}: ${error.code ?? error.message}`);
  const source = createReadStream(file);
  // A broken source must end the lines as an error, not as an end.
  let broken;
  const input = file.endsWith('.gz')
    ? pipeline(source, createGunzip(), (error) => (broken = error))
    : source.on('error', (error) => (broken = error));
  try {
    yield* createInterface({ input, crlfDelay: Infinity });
  } catch (error) {
    throw failed(error);
  } finally {
    source.destroy();
  }
  if (broken) throw failed(broken);
}
