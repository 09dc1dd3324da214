// Asks the browser for a passkey: to sign in with one, or to make one. All words come from the page.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** What the server asks, in the form that the browser takes. */
function question(options) {
  const key = { ...options.publicKey, challenge: bytes(options.publicKey.challenge) };
  const listed = (list) => list && list.map((one) => ({ ...one, id: bytes(one.id) }));
  if (key.user) key.user = { ...key.user, id: bytes(key.user.id) };
  if (key.excludeCredentials) key.excludeCredentials = listed(key.excludeCredentials);
  if (key.allowCredentials) key.allowCredentials = listed(key.allowCredentials);
  return key;
}

/** What the browser answers, in the form that the server takes. */
function answer(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = text(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    extensions: credential.getClientExtensionResults(),
    response: parts,
  };
}

function start(box) {
  const { passkey: ask, options, finish, csrf, cancelled, unsupported, failed, known } = box.dataset;
  const button = box.querySelector("[data-go]");
  const say = box.querySelector("[data-say]");
  const name = document.querySelector("[data-name]");
  let waiting = null;

  const tell = (words) => {
    say.textContent = words;
    say.hidden = !words;
  };
  const post = async (path, body) => {
    const reply = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf": csrf },
      body: JSON.stringify(body),
    });
    const said = await reply.json();
    if (!reply.ok) throw Object.assign(new Error("refused"), { words: said.detail });
    return said;
  };
  const run = async (mediation) => {
    if (waiting) waiting.abort();
    const mine = new AbortController();
    waiting = mine;
    const { id, options: asked } = await post(options, {});
    if (mine.signal.aborted) return;
    const request = { publicKey: question(asked), signal: mine.signal };
    if (mediation) request.mediation = mediation;
    const credential = await navigator.credentials[ask](request);
    const said = await post(finish, { id, credential: answer(credential), name: name ? name.value : undefined });
    location.assign(said.next);
  };
  const words = (error) => {
    if (error.words) return error.words;
    if (error.name === "NotAllowedError") return cancelled;
    return error.name === "InvalidStateError" ? known : failed;
  };

  button.hidden = false;
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    tell(unsupported);
    return;
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    tell("");
    try {
      await run();
    } catch (error) {
      tell(words(error));
    }
    button.disabled = false;
  });
  // Where browsers can, they offer passkeys while the sign-in name is typed.
  if (ask === "get" && PublicKeyCredential.isConditionalMediationAvailable) {
    PublicKeyCredential.isConditionalMediationAvailable()
      .then((can) => can && run("conditional"))
      .catch((error) => error.words && tell(error.words));
  }
}

document.querySelectorAll("[data-passkey]").forEach(start);
