// What a person's browser keeps and sends where others can read it: storage, addresses, the console.
const TOKEN = /\beyJ[\w-]{10,}\.[\w-]{10,}\./;

/** Notes from now on what a context's pages ask for and write into the console. */
export function watch(context) {
  const seen = { requests: [], referers: [], console: [] };
  context.on("request", (request) => {
    seen.requests.push(request.url());
    const { referer } = request.headers();
    if (referer !== undefined) seen.referers.push(referer);
  });
  context.on("console", (message) => seen.console.push(message.text()));
  context.on("weberror", (error) => seen.console.push(String(error.error())));
  return seen;
}

/** Everything that is kept or was sent, by place. */
export async function traces(context, seen) {
  const places = { ...seen, history: [], storage: [] };
  for (const page of context.pages()) {
    const session = await context.newCDPSession(page);
    const { entries } = await session.send("Page.getNavigationHistory");
    places.history.push(...entries.flatMap(({ url, title }) => [url, title]));
    await session.detach();
    places.storage.push(...(await page.evaluate(async () => [
      ...[localStorage, sessionStorage].flatMap((each) => Object.entries(each).flat()),
      ...(await indexedDB.databases()).map(({ name }) => name), ...(await caches.keys()), document.cookie,
    ])));
  }
  return places;
}

/** Where a secret, or a token of whatever kind, was found; `secrets` by name. A patient's id is a parameter of FHIR's own searches, which go to the page's own server, and may be nowhere else. */
export function leaks(places, { id, ...secrets }) {
  const found = [];
  const has = (text, secret) => [text.toLowerCase(), decoded(text)].some((each) => each.includes(secret.toLowerCase()));
  for (const [place, texts] of Object.entries(places)) {
    for (const text of texts) {
      if (TOKEN.test(text)) found.push(`a token in ${place}`);
      for (const [name, secret] of Object.entries(secrets)) if (has(text, secret)) found.push(`${name} in ${place}`);
      const isSearch = place === "requests" && /^http:\/\/localhost:\d+\/api\/(gateway\/fhir|audit\/v1)\//.test(text);
      if (id !== undefined && !isSearch && has(text, id)) found.push(`the patient's id in ${place}: ${text.slice(0, 120)}`);
    }
  }
  return [...new Set(found)];
}

function decoded(text) {
  try {
    return decodeURIComponent(text).toLowerCase();
  } catch {
    return "";
  }
}
