// What is typed is kept on the server as it is typed, and the lease for as long as the page is open.
acuse.begins.push((signal) => {
  const DRAFT_MS = 500;
  const BEAT_MS = 60000;
  const { find, all, on, every, tr, say, form } = acuse.page(signal);
  if (form?.dataset.draft === undefined) return;
  const base = `/review/${form.dataset.id}`;
  // The parts stand in a form of their own.
  const parts = find(".parts [name=parts]");
  const body = () => {
    const said = new URLSearchParams(new FormData(form));
    if (parts) said.set("parts", parts.value);
    return said;
  };
  let dirty = false;
  let timer = 0;
  async function send(what) {
    const answer = await fetch(`${base}/${what}`, { method: "POST", body: body(), redirect: "manual" });
    if (answer.type === "opaqueredirect") throw new Error(tr("You are signed out. What you typed stays here: sign in again on another tab."));
    return answer;
  }
  async function keep() {
    if (!dirty || form.dataset.sent) return;
    dirty = false;
    try {
      const answer = await send("draft");
      // Typed back to what stands, there is nothing to keep.
      const kept = answer.status === 205 ? "" : tr("Draft kept");
      say(answer.ok ? kept : tr("The draft could not be kept. What you typed stays here."), "#kept");
    } catch (error) {
      dirty = true;
      say(error instanceof TypeError ? tr("No connection. What you typed stays here.") : error.message, "#kept");
      timer = setTimeout(keep, 5000);
    }
  }
  const typed = () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(keep, DRAFT_MS);
  };
  form.addEventListener("input", typed);
  let parted = false;
  parts?.addEventListener("input", () => { parted = true; typed(); });
  const leave = () => { if (dirty && !form.dataset.sent) navigator.sendBeacon(`${base}/draft`, body()); };
  on(window, "pagehide", leave);
  signal.addEventListener("abort", leave);
  // Each of the two forms goes without what stands in the other.
  const flush = (target) => {
    if (!dirty || !(target === parts?.form || (parted && target === form))) return;
    navigator.sendBeacon(`${base}/draft`, body());
    dirty = false;
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
  if (form.dataset.mine !== undefined) {
    every(BEAT_MS, async () => {
      try {
        const answer = await send("beat");
        if (answer.status === 409) {
          say(tr("Somebody else has it now. What you typed is kept as your draft."), "#kept");
          say(tr("lost"), "#lease");
        }
      } catch (error) {
        if (!(error instanceof TypeError)) say(error.message, "#kept");
      }
    });
  }
});
