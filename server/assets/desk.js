// Keys, highlights and drafts. Every action works without this file: it only presses the buttons that are there.
"use strict";
(() => {
  // No decision until the picture it is about has been in front of the eyes for so long.
  const LOOK_MS = 400;
  const PATIENCE_MS = 10000;
  const DRAFT_MS = 500;
  const BEAT_MS = 60000;
  const find = (query, root = document) => root.querySelector(query);
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const typing = (el) => el && /^(INPUT|SELECT|TEXTAREA)$/.test(el.tagName);
  const say = (text, where = "#live") => { const el = find(where); if (el) el.textContent = text; };
  const form = find("[data-keys=decision]");
  const rows = all("[data-keys=list] .row");
  let at = -1;

  function move(step) {
    if (!rows.length) return;
    if (at >= 0) rows[at].classList.remove("at");
    at = Math.max(0, Math.min(rows.length - 1, at + step));
    rows[at].classList.add("at");
    rows[at].focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  }

  // When a decision may be made.
  let readyAt = form ? Infinity : 0;
  const ready = () => performance.now() >= readyAt;
  function painted() {
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (readyAt !== Infinity) return;
      readyAt = performance.now() + LOOK_MS;
      setTimeout(() => { document.body.dataset.ready = "yes"; }, LOOK_MS);
    }));
  }
  if (form) {
    const picture = find(".sheet img");
    if (!picture || picture.complete) painted();
    else for (const type of ["load", "error"]) picture.addEventListener(type, painted, { once: true });
    setTimeout(painted, PATIENCE_MS);
  }
  // A page out of the browser's memory shows what was true then.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // One decision a page: what is decided twice would be decided unseen.
  document.addEventListener("submit", (event) => {
    const target = event.target;
    if (target !== form && target.dataset.guard === undefined) return;
    if (event.submitter?.dataset.anyway === undefined && !ready()) {
      event.preventDefault();
      event.stopPropagation();
      say("Look at it first.");
    } else if (target.dataset.sent) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (event.target === form || event.target.dataset.guard !== undefined) event.target.dataset.sent = "yes";
  });

  // A changed field turns "Edit" into "Save correction" and the approve button off: approving would drop the change.
  function changed() {
    if (!form) return;
    let any = false;
    for (const el of all("[data-original]", form)) {
      const differs = !el.closest("[hidden]") && el.value !== el.dataset.original;
      any ||= differs;
      const field = el.closest(".field");
      if (field) field.classList.toggle("changed", differs);
    }
    const edit = find("[data-edit] span");
    const approve = find("[value=approve]");
    if (edit) {
      edit.dataset.plain ||= edit.textContent;
      edit.textContent = any ? "Save correction" : edit.dataset.plain;
    }
    if (approve) approve.disabled = any;
    form.dataset.changed = any ? "yes" : "";
  }

  // Values that both kinds have go along when the kind changes.
  function carry(from, to) {
    for (const old of from ? all("input", from) : []) {
      const same = find(`[data-alike="${old.dataset.alike}"]`, to);
      if (same && old.value.trim() && old.value !== old.dataset.original) same.value = old.value;
    }
  }

  const decide = () => find(form.dataset.changed ? "[data-edit]" : "[value=approve]")?.click();

  function answer(button, event) {
    if (button.dataset.edit !== undefined && !form.dataset.changed && !find("[name=because]", form)?.value.trim()) {
      event.preventDefault();
      find(".fields:not([hidden]) .faulty input, .fields:not([hidden]) .missing input, .fields:not([hidden]) .low input, .fields:not([hidden]) input", form)?.focus();
    }
    const note = find("[name=note]", form);
    if (button.dataset.ask && note && !note.value.trim()) {
      event.preventDefault();
      note.focus();
      form.dataset.pending = "reject";
      say("Say why, then Ctrl+Enter or the button rejects it. Esc goes back.", "#note-how");
    }
  }

  if (form) {
    const kind = find("[name=kind]", form);
    let group = find(".fields:not([hidden])", form);
    form.addEventListener("input", changed);
    kind?.addEventListener("change", () => {
      const next = find(`.fields[data-kind="${kind.value}"]`, form);
      if (next && next !== group) carry(group, next);
      for (const each of all(".fields", form)) each.hidden = each !== next;
      group = next;
      changed();
    });
    form.addEventListener("submit", (event) => { if (event.submitter) answer(event.submitter, event); });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !typing(event.target)) return;
      event.preventDefault();
      if (event.repeat) return;
      if (event.ctrlKey || event.metaKey) {
        if (event.target.name === "note" && form.dataset.pending) find(`button[value=${form.dataset.pending}]`)?.click();
        else decide();
      } else if (event.target.closest(".field")) {
        const inputs = all(".fields:not([hidden]) input", form);
        inputs[(inputs.indexOf(event.target) + 1) % inputs.length]?.focus();
      } else if (event.target.tagName === "SELECT") {
        leave(event.target);
      }
    });
    // Once something is chosen, keys are decisions again. Arrow keys and letters go on choosing.
    const leave = (select) => { if (document.activeElement === select) select.closest("section").focus({ preventScroll: true }); };
    for (const select of all("select", form)) {
      let keyed = false;
      select.addEventListener("keydown", (event) => { keyed = event.key !== "Enter"; });
      select.addEventListener("pointerdown", () => { keyed = false; });
      select.addEventListener("change", () => { if (!keyed) leave(select); });
    }
    changed();
    if (find(".warnings", form)) find(".warnings", form).focus();
    else find(".fields:not([hidden]) [aria-invalid=true]", form)?.focus();
    if (document.activeElement === document.body) find("[data-first]", form)?.focus();
  }

  // What is typed is kept on the server as it is typed, and the lease for as long as the page is open.
  if (form?.dataset.draft !== undefined) {
    const base = `/review/${form.dataset.id}`;
    const body = () => new URLSearchParams(new FormData(form));
    let dirty = false;
    let timer = 0;
    async function send(what) {
      const answer = await fetch(`${base}/${what}`, { method: "POST", body: body(), redirect: "manual" });
      if (answer.type === "opaqueredirect") throw new Error("You are signed out. What you typed stays here: sign in again on another tab.");
      return answer;
    }
    async function keep() {
      if (!dirty) return;
      dirty = false;
      try {
        const answer = await send("draft");
        say(answer.ok ? "Draft kept" : "The draft could not be kept. What you typed stays here.", "#kept");
      } catch (error) {
        dirty = true;
        say(error instanceof TypeError ? "No connection. What you typed stays here." : error.message, "#kept");
        timer = setTimeout(keep, 5000);
      }
    }
    form.addEventListener("input", () => {
      dirty = true;
      clearTimeout(timer);
      timer = setTimeout(keep, DRAFT_MS);
    });
    addEventListener("pagehide", () => { if (dirty && !form.dataset.sent) navigator.sendBeacon(`${base}/draft`, body()); });
    if (form.dataset.mine !== undefined) {
      setInterval(async () => {
        try {
          const answer = await send("beat");
          if (answer.status === 409) {
            say("Somebody else has it now. What you typed is kept as your draft.", "#kept");
            say("lost", "#lease");
          }
        } catch (error) {
          if (!(error instanceof TypeError)) say(error.message, "#kept");
        }
      }, BEAT_MS);
    }
  }

  // The way back is there for as long as it is open.
  const undo = find(".undo");
  if (undo) setTimeout(() => undo.remove(), Number(undo.dataset.leftMs));

  // Each page says which of the typed documents it would be in.
  const ranges = find(".parts [name=parts]:not([type=hidden])");
  ranges?.addEventListener("input", () => {
    const typed = ranges.value.split(/[,;]/).map((range) => range.split(/[-–]/).map((page) => parseInt(page, 10)));
    for (const badge of all("[data-at-page]")) {
      const page = Number(badge.dataset.atPage);
      const at = typed.findIndex(([first, last = first]) => first <= page && page <= last);
      badge.hidden = at < 0;
      find("b", badge).textContent = at + 1;
    }
  });

  document.addEventListener("keydown", (event) => {
    const active = document.activeElement;
    if (event.key === "Escape" && typing(active)) {
      if (form) form.dataset.pending = "";
      say("", "#note-how");
      return (active.closest("section") ?? active).focus({ preventScroll: true }), active === document.activeElement && active.blur();
    }
    if (typing(active) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (rows.length && (event.key === "j" || event.key === "k")) return move(event.key === "j" ? 1 : -1);
    // A key that is held down was pressed for the page before.
    if (event.repeat || !/^[a-z0-9/?+[\]-]$/.test(event.key)) return;
    const target = find(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target || target.disabled) return;
    event.preventDefault();
    if (target.tagName === "INPUT") return target.focus();
    const free = target.tagName === "A" || target.type === "button" || target.dataset.anyway !== undefined || target.dataset.atOnce !== undefined || !form;
    if (free || ready()) target.click();
    else say("Look at it first.");
  });

  // The queue looks again every 20 seconds while nobody is in the middle of it.
  if (document.body.dataset.page === "queue" && !form) {
    setInterval(() => { if (!document.hidden && at < 0) location.reload(); }, 20000);
  }
})();
