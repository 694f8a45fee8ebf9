// What is typed is kept on the server as it is typed, and the lease for as long as the page is open.
acuse.begins.push((signal) => {
  const DRAFT_MS = 500;
  const BEAT_MS = 60000;
  const { on, every, tr, say, form } = acuse.page(signal);
  if (form?.dataset.draft === undefined) return;
  const base = `/review/${form.dataset.id}`;
  const body = () => new URLSearchParams(new FormData(form));
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
      say(answer.ok ? tr("Draft kept") : tr("The draft could not be kept. What you typed stays here."), "#kept");
    } catch (error) {
      dirty = true;
      say(error instanceof TypeError ? tr("No connection. What you typed stays here.") : error.message, "#kept");
      timer = setTimeout(keep, 5000);
    }
  }
  form.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(keep, DRAFT_MS);
  });
  const leave = () => { if (dirty && !form.dataset.sent) navigator.sendBeacon(`${base}/draft`, body()); };
  on(window, "pagehide", leave);
  signal.addEventListener("abort", leave);
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
