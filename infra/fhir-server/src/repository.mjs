// An in-memory repository with an index by patient, so that a search for one patient does not read everybody's data.
import { matchesSearchRequest } from '@medplum/core';
import { MemoryRepository } from '@medplum/fhir-router';
import { searchParameter } from './definitions.mjs';

export class PatientIndexedRepository extends MemoryRepository {
  #byType = new Map(); // type → id → resource
  #byPatient = new Map(); // type → reference → ids

  /** How many resources there are. */
  get size() {
    let size = 0;
    for (const resources of this.#byType.values()) size += resources.size;
    return size;
  }

  has(type, id) {
    return this.#byType.get(type)?.has(id) ?? false;
  }

  async createResource(resource) {
    const stored = await super.createResource(resource);
    const { resourceType, id } = stored;
    const resources = member(this.#byType, resourceType, () => new Map());
    const owners = member(this.#byPatient, resourceType, () => new Map());
    const before = resources.get(id);
    if (before) owners.get(owner(before))?.delete(id);
    // Re-insert, so that the order is that of the latest writes, as in any server that sorts by update.
    resources.delete(id);
    resources.set(id, stored);
    member(owners, owner(stored), () => new Set()).add(id);
    return structuredClone(stored);
  }

  async deleteResource(resourceType, id) {
    await super.deleteResource(resourceType, id);
    const resources = this.#byType.get(resourceType);
    const gone = resources?.get(id);
    if (gone) this.#byPatient.get(resourceType)?.get(owner(gone))?.delete(id);
    resources?.delete(id);
  }

  async search(request) {
    const found = this.#candidates(request).filter((resource) => matchesSearchRequest(resource, request));
    for (const rule of [...(request.sortRules ?? [])].reverse()) found.sort(comparator(rule));
    const from = request.offset ?? 0;
    const page = found.slice(from, from + (request.count ?? found.length));
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      total: found.length,
      ...(page.length > 0 && { entry: page.map((resource) => ({ resource: structuredClone(resource) })) }),
    };
  }

  #candidates({ resourceType, filters }) {
    const resources = this.#byType.get(resourceType) ?? new Map();
    const path = ownerPath(resourceType);
    const filter = filters?.find(({ code, operator }) => operator === 'eq' && (code === 'patient' || code === path));
    if (!path || !filter) return [...resources.values()];
    const owners = this.#byPatient.get(resourceType) ?? new Map();
    const ids = new Set(filter.value.split(',').flatMap((reference) => [...(owners.get(reference) ?? [])]));
    return [...ids].map((id) => resources.get(id));
  }
}

function member(map, key, make) {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** The member that names whom a resource of `type` is about, when the search parameter `patient` is just that. */
function ownerPath(type) {
  const expression = searchParameter(type, 'patient')?.expression ?? '';
  return ['subject', 'patient'].find((path) => new RegExp(`\\b${type}\\.${path}\\b`).test(expression));
}

function owner(resource) {
  return resource[ownerPath(resource.resourceType)]?.reference;
}

const SORTABLE = {
  _id: (r) => r.id,
  _lastUpdated: (r) => r.meta?.lastUpdated,
  date: (r) => r.effectiveDateTime ?? r.effectivePeriod?.start ?? r.effectiveInstant ?? r.period?.start ?? r.date,
};

/** Search parameters that `_sort` may name. */
export const sortable = new Set(Object.keys(SORTABLE));

function comparator({ code, descending }) {
  const value = SORTABLE[code];
  const sign = descending ? -1 : 1;
  return (a, b) => {
    const [x, y] = [value(a) ?? '', value(b) ?? ''];
    return x < y ? -sign : x > y ? sign : 0;
  };
}
