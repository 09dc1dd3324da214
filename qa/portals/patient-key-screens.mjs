// The screens about keys in states that take days, or a second device, to come about: the services' answers are put in.
const SECOND = `0x${"5e".repeat(20)}`;
const HOUR = 3_600;
const now = () => Math.floor(Date.now() / 1000);
const place = { txHash: `0x${"aa".repeat(32)}`, blockNo: 1, blockHash: `0x${"bb".repeat(32)}`, logIndex: 0, finality: "finalized" };
const mandate = { ...place, delegate: SECOND, status: "ACTIVE", rights: ["REVOKE", "DENY", "GRANT"], validFrom: 1, validTo: null, authEpoch: 0, nonce: 1 };

/** A further passkey stands for the patient; of the first one's subject, these things are so. */
function withSecond({ state = () => ({}), delegates = [mandate] } = {}) {
  return async (page) => {
    const changed = (change) => async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      await route.fulfill({ response, status: 200, json: change(json) });
    };
    let own;
    await page.route("**/api/auth/v1/bindings", changed(({ bindings }) => {
      own = bindings[0].subject;
      return { bindings: [...bindings, { ...bindings[0], subject: SECOND, signer: `0x${"11".repeat(84)}` }] };
    }));
    await page.route(/\/api\/indexer\/v1\/subjects\/0x\w{40}$/, async (route) => {
      // The service knows nothing of a key that is only put in: its answer is that of the first one, under another name.
      const isSecond = route.request().url().toLowerCase().endsWith(SECOND);
      const response = await route.fetch(isSecond ? { url: route.request().url().replace(/0x\w{40}$/, own) } : {});
      const { asOf, subject } = await response.json();
      await route.fulfill({ response, json: { asOf, subject: isSecond ? { ...subject, subject: SECOND, controller: SECOND } : { ...subject, ...state(subject) } } });
    });
    await page.route(/\/api\/indexer\/v1\/subjects\/0x\w{40}\/delegates/, async (route) => {
      const isSecond = route.request().url().toLowerCase().includes(SECOND);
      const response = await route.fetch({ url: route.request().url().replace(/0x\w{40}/, own) });
      const { asOf } = await response.json();
      await route.fulfill({ response, json: { asOf, delegates: isSecond ? [] : delegates, next: null } });
    });
    await page.route("**/api/indexer/v1/consents?*", async (route) => {
      const url = route.request().url();
      const response = await route.fetch({ url: url.toLowerCase().includes(SECOND) ? url.replace(new RegExp(SECOND, "i"), own) : url });
      const json = await response.json();
      await route.fulfill({ response, json: url.toLowerCase().includes(SECOND) ? { ...json, consents: [] } : json });
    });
  };
}

const recovery = { recoverer: SECOND, delay: 48 * HOUR };
const proposed = (readyIn) => withSecond({ state: () => ({ recovery, proposal: { id: 1, newController: SECOND, readyAt: now() + readyIn } }) });

/** The same with what administrators want to do. */
const everything = (given) => async (page) => {
  await given(page);
  const rebinding = { id: "2b1c3c4e-6a34-4b0e-9a57-1f4f3f1b8a11", subject: SECOND, state: "confirmed", proposedAt: new Date().toISOString(), readyAt: new Date(Date.now() + 72 * HOUR * 1000).toISOString() };
  await page.route("**/api/auth/v1/rebindings", (route) => route.fulfill({ json: { rebindings: [rebinding] } }));
};

/** What is on each of them. */
export function keyScreens({ asked, key }) {
  const recovering = (given) => ({ path: "/keys/recovery", given });
  return {
    "keys-first": { path: "/keys?added=1" },
    "keys-two": { path: "/keys", given: withSecond(), act: (page) => page.locator("main .cards details summary").first().click() },
    "keys-unfinished": { path: "/keys?added=unfinished", given: withSecond({ delegates: [] }) },
    "keys-replaced": { path: "/keys", given: withSecond({ state: () => ({ controller: SECOND }), delegates: [] }) },
    "recovery-no-second": { path: "/keys/recovery" },
    "recovery-name": recovering(withSecond()),
    "recovery-named": recovering(withSecond({ state: () => ({ recovery }) })),
    "recovery-waiting": recovering(proposed(40 * HOUR)),
    "recovery-ready": recovering(proposed(-HOUR)),
    "home-somebody": { path: "/", given: everything(withSecond({ state: () => ({ recovery, frozenUntil: now() + 48 * HOUR, proposal: { id: 1, newController: SECOND, readyAt: now() + 48 * HOUR } }) })) },
    "request-two-keys": {
      path: `/requests/${asked.id}`, given: withSecond(),
      act: async (page) => {
        await page.locator('input[value="yes"]').check();
        await page.locator("main .button.plain").first().click();
      },
    },
    "keys-lost": { path: "/keys/lost" },
    "keys-lost-made": {
      path: "/keys/lost",
      act: async (page) => {
        // A virtual authenticator keeps three, and this is done once a language and theme.
        await key.forgets();
        await page.locator("main .actions .button").click();
        await page.locator(".copy-text").first().waitFor();
      },
    },
  };
}
