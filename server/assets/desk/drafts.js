// What is typed is kept on the server as it is typed, and the lease for as long as the page is open.
acuse.begins.push((signal) => {
  const DRAFT_MS = 500;
  const AGAIN_MS = 5000;
  // Longest wait for an answer.
  const SEND_MS = 30000;
  const BEAT_MS = 60000;
  const { find, all, on, every, tr, say, form, lasts } = acuse.page(signal);
  if (form?.dataset.draft === undefined) return;
  const base = `/review/${form.dataset.id}`;
  // The parts stand in a form of their own.
  const parts = find(".parts [name=parts]");
  const body = () => {
    const said = new URLSearchParams(new FormData(form));
    // Whose page it is: what they typed is nobody else's draft.
    said.set("user", form.dataset.user);
    if (parts) said.set("parts", parts.value);
    return said;
  };
  // Where they have signed in anew since, on another tab, the forms of this page are of that session from now on.
  async function renewed(answer) {
    if (answer.status !== 403) return false;
    const { csrf } = await answer.json().catch(() => ({}));
    if (csrf) for (const input of all("[name=csrf]")) input.value = csrf;
    return Boolean(csrf);
  }
  async function send(what, options) {
    const post = () => fetch(`${base}/${what}`, { method: "POST", body: body(), redirect: "manual", ...options });
    let answer = await post();
    if (await renewed(answer)) answer = await post();
    if (answer.type === "opaqueredirect") throw new Error(tr("You are signed out. What you typed stays here: sign in again on another tab."));
    return answer;
  }
  // What was thrown here says itself what it is; of the rest nothing came of the sending.
  const isSaid = (error) => error.constructor === Error;
  // How often something was typed, and up to which time of those it is kept.
  let typings = 0;
  let kept = 0;
  // Whether the last try to keep it failed.
  let failing = false;
  let sending = null;
  let timer = 0;
  const isDirty = () => typings !== kept && !form.dataset.sent;
  async function keep() {
    clearTimeout(timer);
    if (!isDirty() || sending || signal.aborted) return;
    const [upTo, own] = [typings, new AbortController()];
    sending = own;
    const late = setTimeout(() => own.abort(), SEND_MS);
    let said = "";
    try {
      const answer = await send("draft", { signal: own.signal, keepalive: lasts(body()) });
      failing = !answer.ok;
      if (answer.ok) kept = upTo;
      // Typed back to what stands, there is nothing to keep.
      const done = answer.status === 205 ? "" : tr("Draft kept");
      said = answer.ok ? done : tr("The draft could not be kept. What you typed stays here.");
    } catch (error) {
      failing = sending === own;
      said = isSaid(error) ? error.message : tr("No connection. What you typed stays here.");
    }
    clearTimeout(late);
    // Another goes in its place.
    if (sending !== own) return;
    sending = null;
    say(said, "#kept");
    if (isDirty()) timer = setTimeout(keep, failing ? AGAIN_MS : DRAFT_MS);
  }
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, DRAFT_MS);
  };
  const typed = () => {
    typings += 1;
    soon();
  };
  form.addEventListener("input", typed);
  let parted = false;
  parts?.addEventListener("input", () => { parted = true; typed(); });
  // What is on its way is older than what goes now, or the same, and must not come after it.
  const drop = () => {
    const own = sending;
    sending = null;
    own?.abort();
  };
  // It goes with the page.
  const hand = () => {
    drop();
    return navigator.sendBeacon(`${base}/draft`, body());
  };
  const leave = () => { if (isDirty()) hand(); };
  on(window, "pagehide", leave);
  signal.addEventListener("abort", leave);
  // Where that would fail too, whoever leaves is asked first.
  on(window, "beforeunload", (event) => { if (isDirty() && (failing || !lasts(body()))) event.preventDefault(); });
  // Of what is out of sight nobody knows whether it comes back; what comes back is tried again.
  on(document, "visibilitychange", keep);
  // Each of the two forms goes without what stands in the other.
  const flush = (target) => {
    if (!isDirty()) return;
    if (target === parts?.form || (parted && target === form)) {
      if (hand() && !failing) kept = typings;
    } else if (target === form) drop();
    // Where nothing is sent after all, it is kept as ever.
    soon();
  };

  // What a draft filled in nobody has looked at on this page: the key that would file it leads there first.
  const FILES = ["approve", "correct", "amend"];
  const unseen = new Set(all("[data-drafted]", form));
  const shown = location.pathname.endsWith(form.dataset.id) ? document.getElementById(location.hash.slice(1)) : null;
  for (const el of unseen) if (shown?.contains(el)) unseen.delete(el);
  on(document, "focusin", (event) => { for (const el of unseen) if (el.contains(event.target)) unseen.delete(el); });
  on(document, "submit", (event) => {
    if (event.defaultPrevented) return;
    const files = event.target === form && FILES.includes(event.submitter?.value);
    const left = files ? [...unseen].filter((el) => !el.closest("[hidden]")) : [];
    if (!left.length) return flush(event.target);
    event.preventDefault();
    event.stopPropagation();
    const spot = left[0].matches("input, select") ? left[0] : find("input", left[0]);
    if (spot && !spot.offsetParent && find("#unfold")) find("#unfold").checked = true;
    spot?.focus();
    say(tr("Your draft filled this in: look at it, then decide."));
    // What stands in sight with it is seen with it.
    const { top, bottom } = (spot?.closest(".scroll") ?? document.documentElement).getBoundingClientRect();
    for (const el of left) {
      const at = el.getBoundingClientRect();
      if (at.top >= Math.max(top, 0) && at.bottom <= Math.min(bottom, innerHeight)) unseen.delete(el);
    }
    unseen.delete(left[0]);
  }, true);
  if (form.dataset.mine === undefined) return;
  const beat = async () => {
    try {
      const answer = await send("beat");
      if (answer.status === 409) {
        say(tr("Somebody else has it now. What you typed is kept as your draft."), "#kept");
        say(tr("lost"), "#lease");
      } else if (answer.status === 403) {
        say(tr("Somebody else is signed in here now. What you typed stays here: sign in again on another tab."), "#kept");
      }
    } catch (error) {
      if (isSaid(error)) say(error.message, "#kept");
    }
  };
  every(BEAT_MS, beat);
  // Whoever comes back to it is told at once whether it is still theirs.
  on(document, "visibilitychange", () => { if (!document.hidden) beat(); });
});
