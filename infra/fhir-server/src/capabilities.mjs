// What this server can do, as a FHIR CapabilityStatement.
import { resourceTypes, searchParameters } from './definitions.mjs';

let statement;

/** The CapabilityStatement; made at the first call. */
export function capabilityStatement() {
  statement ??= {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2025-01-01',
    kind: 'instance',
    software: { name: 'Consentry development FHIR server' },
    implementation: { description: 'In-memory FHIR R4 server for development and tests; its data is synthetic' },
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [{ mode: 'server', resource: [...resourceTypes].sort().map(resource) }],
  };
  return statement;
}

function resource(type) {
  return {
    type,
    interaction: ['read', 'search-type', 'create', 'update'].map((code) => ({ code })),
    versioning: 'versioned',
    updateCreate: true,
    searchParam: searchParameters(type).map(({ code, type }) => ({ name: code, type })),
  };
}
