// Keys, highlights and the next page. Every action works without the desk's script: it only presses the buttons that are
// there. A page begins with `begin`, and again when the next one takes its place without a new one being loaded. What has
// to do with customers, lines and drafts alone begins after this, in files of its own (`desk/`), and is served with it.
"use strict";
window.acuse ??= { begins: [], scope: new AbortController() };
// What every part of the script takes hold of a page with.
acuse.page = (signal) => {
  const find = (query, root = document) => root.querySelector(query);
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  // A page hears nothing while another stands in its place.
  const stands = () => acuse.scope.signal === signal;
  const on = (target, type, does, options) =>
    target.addEventListener(type, (event) => { if (stands()) does(event); }, { signal, ...(typeof options === "boolean" ? { capture: options } : options) });
  const every = (ms, does) => {
    const timer = setInterval(() => { if (stands()) does(); }, ms);
    signal.addEventListener("abort", () => clearInterval(timer));
  };
  const typing = (el) => el && el.type !== "checkbox" && /^(INPUT|SELECT|TEXTAREA)$/.test(el.tagName);
  const words = JSON.parse(document.body.dataset.words || "{}");
  const tr = (english) => words[english] ?? english;
  const say = (text, where = "#live") => { const el = find(where); if (el) el.textContent = text; };
  const form = find("[data-keys=decision]");
  const desk = find(".desk");
  const rest = () => desk?.focus({ preventScroll: true });
  // Whether browsers go on sending it once its page is left: not what is longer.
  const lasts = (body) => String(body).length < 60000;
  return { find, all, stands, on, every, typing, tr, say, form, rest, lasts };
};
acuse.begins.push((signal) => {
  const { find, all, stands, on, typing, tr, say, form, rest, lasts } = acuse.page(signal);
  // No decision until the picture it is about has been in front of the eyes for so long.
  const LOOK_MS = 400;
  const PATIENCE_MS = 10000;
  // Longest wait for what is being prepared, before its page is loaded as any other.
  const PREPARE_MS = 2000;
  // Longest wait for a decision to be written down; the server gives up before. Then this one is here again.
  const DECIDE_MS = 40000;
  // Where something is decided: on one document, on many at once, on a case.
  const guarded = form ?? find("form[data-guard]");
  const rows = all("[data-keys=list] .row, [data-keys=list] [data-row]");
  let at = -1;

  function move(step) {
    if (!rows.length) return;
    if (at >= 0) rows[at].classList.remove("at");
    at = Math.max(0, Math.min(rows.length - 1, at + step));
    rows[at].classList.add("at");
    rows[at].focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  }

  // When a decision may be made: not before the last one is.
  let readyAt = guarded ? Infinity : 0;
  const ready = () => performance.now() >= readyAt && !acuse.deciding;
  const notYet = () => (acuse.deciding ? tr("The last decision is being written down.") : tr("Look at it first."));
  function painted() {
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (readyAt !== Infinity || signal.aborted) return;
      readyAt = performance.now() + LOOK_MS;
      document.body.dataset.painted = String(performance.timeOrigin + performance.now());
      setTimeout(async () => {
        await acuse.deciding;
        if (stands()) document.body.dataset.ready = "yes";
      }, LOOK_MS);
      ahead();
      unfold();
    }));
  }
  if (guarded) {
    const picture = find(".sheet img, .blind img");
    if (!picture || picture.complete) painted();
    else for (const type of ["load", "error"]) picture.addEventListener(type, painted, { once: true });
    setTimeout(painted, PATIENCE_MS);
  }
  // A page out of the browser's memory shows what was true then.
  on(window, "pageshow", (event) => { if (event.persisted) location.reload(); });

  // One decision a page: what is decided twice would be decided unseen.
  on(document, "submit", (event) => {
    const target = event.target;
    // Until the last decision is made, the way back that stands here is of the one before it.
    if (target.matches(".undo") && acuse.deciding) {
      event.preventDefault();
      event.stopPropagation();
      return say(notYet());
    }
    if (target !== form && target.dataset.guard === undefined) return;
    if (acuse.deciding || (event.submitter?.dataset.anyway === undefined && !ready())) {
      event.preventDefault();
      event.stopPropagation();
      say(notYet());
    } else if (target.dataset.sent) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
  on(document, "submit", (event) => {
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
      edit.textContent = any ? edit.closest("button").dataset.save : edit.dataset.plain;
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
  // Enter leads to the next field that nobody has proven, and behind the last one to the decision.
  const visited = new Set();
  const onwards = (from) => {
    visited.add(from);
    const open = all(".fields:not([hidden]) .field input", form).filter((input) => input.offsetParent);
    const after = open.slice(open.indexOf(from) + 1).concat(open.slice(0, open.indexOf(from)));
    const next = after.find((input) => !visited.has(input) && (find("#unfold")?.checked ? after.indexOf(input) < open.length - 1 - open.indexOf(from) : input.closest(".eyes")));
    if (next) return next.focus();
    say(tr("Nothing more to look at."));
    rest();
  };
  const leave = (select) => { if (document.activeElement === select) rest(); };

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
    // Nothing was changed: the key leads to what must be looked at.
    form.addEventListener("submit", (event) => {
      if (event.submitter?.dataset.edit === undefined || form.dataset.changed || find("[name=because]", form)?.value.trim()) return;
      event.preventDefault();
      for (const which of [".faulty", ".missing", ".low", ".eyes", ""]) {
        const input = find(`.fields:not([hidden]) .field${which} input`, form);
        if (!input) continue;
        if (!input.offsetParent) find("#unfold").checked = true;
        return input.focus();
      }
    });
    // Once something is chosen, keys are decisions again. Arrow keys and letters go on choosing.
    for (const select of all("select", form)) {
      let keyed = false;
      select.addEventListener("keydown", (event) => { keyed = event.key !== "Enter"; });
      select.addEventListener("pointerdown", () => { keyed = false; });
      select.addEventListener("change", () => { if (!keyed) leave(select); });
    }
    changed();
    if (find(".warnings", form)) find(".warnings", form).focus();
    else {
      const wrong = find(".fields:not([hidden]) [aria-invalid=true]", form);
      if (wrong && !wrong.offsetParent && find("#unfold")) find("#unfold").checked = true;
      wrong?.focus();
    }
    if (document.activeElement === document.body) find("[data-first]", form)?.focus();
    if (document.activeElement === document.body) rest();
  }

  let wanted = null;
  // A panel opens with the focus where it is needed, and closes without losing it.
  for (const panel of all("details.panel")) {
    panel.addEventListener("toggle", () => {
      if (!panel.open) return;
      // Whoever was quicker than this is where they want to be.
      const active = document.activeElement;
      if (!wanted && active?.tagName !== "SUMMARY" && panel.contains(active)) return;
      const to = find("textarea, input:not([type=hidden])", panel);
      const list = wanted ?? find(".sheet-of[tabindex]", panel);
      wanted = null;
      (list ?? to)?.focus({ preventScroll: true });
      if (!list && to?.tagName === "TEXTAREA") to.setSelectionRange(to.value.length, to.value.length);
    });
  }
  const openPanel = () => find("details.panel[open]");
  function shut() {
    const panel = openPanel();
    if (!panel) return false;
    panel.open = false;
    rest();
    return true;
  }
  on(document, "click", (event) => { const panel = openPanel(); if (panel && !panel.contains(event.target)) panel.open = false; });
  // What a card leads to: a panel, or the parts of a file, be they typed or drawn.
  on(document, "click", (event) => {
    const opens = event.target.closest?.("[data-opens]")?.dataset.opens;
    if (!opens) return;
    const panel = find(`details.panel[data-panel="${opens}"]`);
    if (panel) return void (panel.open = true);
    const to = find(`form.${opens} input:not([type=hidden])`) ?? find(`form.${opens} button[name=action]:not([disabled])`);
    if (!to) return find("[data-view=draw]")?.click();
    to.scrollIntoView({ block: "center" });
    to.focus({ preventScroll: true });
  });
  // What Enter may do. By itself it would press the first button that is not off, whichever that is, also from a box that is
  // only ticked: where something is decided it never does. With Ctrl it presses the button that the field is for, or decides;
  // alone it leads on. Anywhere else, as in a search, it does what it does.
  on(document, "keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.defaultPrevented || !field.closest) return;
    const own = field.closest("[data-enter]");
    const decided = !own && typing(field) && form?.contains(field);
    const guards = field.form && (field.form === form || field.form.dataset.guard !== undefined);
    const firmly = event.ctrlKey || event.metaKey;
    // A file is chosen by it. From a closed list it presses too, on some machines; on others it opens that, as here on all.
    const presses = /^(INPUT|SELECT)$/.test(field.tagName) && field.type !== "file";
    if (decided || (own && firmly) || (presses && (own || guards))) event.preventDefault();
    if (event.repeat) return;
    if (own && firmly) all(`button[value="${own.dataset.enter}"]`).find((button) => button.form === own.form)?.click();
    else if (decided && firmly) decide();
    else if (decided && field.closest(".field")) onwards(field);
    else if (decided && field.tagName === "SELECT") leave(field);
    else if (guards && field.tagName === "SELECT" && !firmly) field.showPicker?.();
  });

  // One number that makes the sum true.
  on(document, "click", (event) => {
    const repair = event.target.closest?.("[data-repair]");
    const input = repair && find(`.fields:not([hidden]) [data-field="${repair.dataset.repair}"] input`, form);
    if (!input) return;
    input.value = repair.dataset.value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    say(`${repair.dataset.repair}: ${repair.dataset.value}`);
    rest();
  });

  // The way back is there for as long as it is open.
  function fade() {
    const undo = find(".undo");
    if (undo) setTimeout(() => undo.remove(), Number(undo.dataset.leftMs));
  }
  fade();

  // Each page says which of the typed documents it would be in.
  const ranges = find(".parts [name=parts]:not([type=hidden])");
  const numbered = () => {
    const typed = ranges.value.split(/[,;]/).map((range) => range.split(/[-–]/).map((page) => parseInt(page, 10)));
    for (const badge of all("[data-at-page]")) {
      const page = Number(badge.dataset.atPage);
      const at = typed.findIndex(([first, last = first]) => first <= page && page <= last);
      badge.hidden = at < 0;
      find("b", badge).textContent = at + 1;
    }
  };
  ranges?.addEventListener("input", numbered);
  // What a draft filled in is not what was proposed; of places on a page the page says nothing.
  if (ranges && !ranges.value.includes("(")) numbered();

  // What a key presses. Of lines that have the same keys it is the one at hand, and none where there is none.
  const line = () => document.activeElement?.closest("[data-keys=list] tr") ?? rows[at]?.closest("tr");
  function meant(key) {
    const which = `[data-key="${CSS.escape(key)}"]`;
    const here = line();
    return (here && find(which, here)) ?? all(which).find((el) => !el.closest("[data-keys=list] tr"));
  }

  on(document, "keydown", (event) => {
    // Behind a dialog nothing can be seen, so nothing is decided there.
    const dialog = find("dialog[open]");
    if (dialog) return event.key === "?" && !event.repeat ? dialog.close() : undefined;
    const active = document.activeElement;
    if (event.key === "Escape" && shut()) return event.preventDefault();
    if (event.key === "Escape" && typing(active)) {
      (active.closest("section") ?? active).focus({ preventScroll: true });
      if (active === document.activeElement) active.blur();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form && !typing(active) && !openPanel()) {
      event.preventDefault();
      if (!event.repeat) decide();
      return;
    }
    // Where a keyboard has brackets with Alt only, they turn pages all the same.
    const turns = event.altKey && /^[[\]]$/.test(event.key);
    if (typing(active) || (!turns && (event.ctrlKey || event.metaKey || event.altKey))) return;
    if (rows.length && (event.key === "j" || event.key === "k")) return move(event.key === "j" ? 1 : -1);
    // A key that is held down was pressed for the page before.
    if (event.repeat || !/^[a-z0-9/?+[\]-]$/.test(event.key)) return;
    if (event.key === "?") return keys();
    const panel = openPanel();
    const choice = panel && find(`[data-choice="${event.key}"]`, panel);
    let target = choice ?? meant(event.key);
    // What was changed is accepted as changed.
    if (target?.value === "approve" && form?.dataset.changed) target = find("[data-edit]");
    if (!target || target.disabled) return;
    const inside = target.closest("details.panel");
    const leads = /^(A|SUMMARY|LABEL)$/.test(target.tagName) || target.type === "button";
    // Whoever types beside an open panel means what it is for: that is begun to be written, and nothing else is done.
    const alters = !leads || target.matches("[data-repair], [data-customer]");
    if (guarded && panel && inside !== panel && alters) return find("textarea, input:not([type])", panel)?.focus();
    event.preventDefault();
    if (typing(target)) {
      if (!inside || inside.open) return target.focus();
      wanted = target;
      inside.open = true;
      return;
    }
    const free = leads || target.dataset.anyway !== undefined || target.dataset.atOnce !== undefined || !guarded;
    if (free || ready()) target.click();
    else say(notYet());
  });

  // All keys of this page, by what they do.
  function keys() {
    const box = document.createElement("dialog");
    box.className = "keys-of";
    box.setAttribute("aria-label", "?");
    const list = document.createElement("dl");
    const seen = new Set();
    for (const el of all("[data-key], [data-choice], [data-combo]")) {
      const key = el.dataset.key ?? el.dataset.choice ?? el.dataset.combo;
      if (seen.has(key)) continue;
      seen.add(key);
      const bare = el.cloneNode(true);
      for (const kbd of all("kbd", bare)) kbd.remove();
      const name = el.title || (typing(el) ? el.closest("label")?.firstChild?.textContent.trim() || el.closest("label")?.querySelector(".hidden-words")?.textContent : bare.textContent) || el.getAttribute("aria-label") || "";
      const line = document.createElement("div");
      const [dt, dd, kbd] = ["dt", "dd", "kbd"].map((tag) => document.createElement(tag));
      kbd.textContent = key;
      dt.append(kbd);
      dd.textContent = name.replace(/\s+/g, " ").trim().slice(0, 60);
      line.append(dt, dd);
      list.append(line);
    }
    box.append(list);
    document.body.append(box);
    box.addEventListener("close", () => box.remove());
    box.addEventListener("click", () => box.close());
    box.showModal();
  }

  // Times are the reader's own; UTC is in the tooltip.
  const zone = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  function localTimes(within) {
    for (const time of all("time[datetime]:not(.age)", within)) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.valueOf())) continue;
      time.textContent = zone.format(at);
      time.title = `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    }
  }
  localTimes(document);

  // What is folded away comes once it is opened, as it is then. What stood open stands open beside the next document, once
  // that is painted.
  const folds = all("details[data-fetch]");
  const kept = (fold) => `acuse.open.${fold.id}`;
  async function fetched(fold) {
    const to = find("[data-fetched]", fold);
    const answer = await fetch(fold.dataset.fetch, { signal, redirect: "manual" }).catch(() => null);
    if (signal.aborted) return;
    find("[data-failed]", to)?.remove();
    if (!answer?.ok) {
      const failed = document.createElement("p");
      failed.dataset.failed = "yes";
      failed.textContent = tr("It could not be fetched. Open it again.");
      return to.append(failed);
    }
    to.innerHTML = await answer.text();
    localTimes(to);
    const talk = find(".talk", to);
    if (talk) talk.scrollTop = talk.scrollHeight;
    fold.dataset.here = "yes";
  }
  for (const fold of folds) {
    fold.addEventListener("toggle", () => {
      sessionStorage.setItem(kept(fold), fold.open ? "yes" : "");
      if (fold.open) fetched(fold);
    });
  }
  function unfold() {
    for (const fold of folds) if (sessionStorage.getItem(kept(fold))) fold.open = true;
  }

  function addressed() {
    const back = find(".tongues [name=back]");
    // What an act is answered with says itself which page it is about.
    if (back && back.dataset.about === undefined) back.value = location.pathname + location.search;
  }
  addressed();

  // The next one is prepared while this one is looked at: its page, and its picture. It is reserved as long.
  let next = null;
  let preparing = null;
  const carried = ["csrf", "reason", "of_kind", "of_sender", "of_customer", "of_who", "of_from", "of_to", "of_sort", "of_q"];
  async function prepare() {
    // It is reserved behind what is held, which this one is not before the last decision is made.
    await acuse.deciding;
    if (!stands()) return;
    const said = new FormData(form);
    const body = new URLSearchParams(carried.filter((name) => said.has(name)).map((name) => [name, said.get(name)]));
    const answer = await fetch(`/review/${form.dataset.id}/ahead`, { method: "POST", body, signal, redirect: "manual" });
    if (answer.status !== 200) return;
    const { path } = await answer.json();
    const came = await fetch(path, { signal, redirect: "manual" });
    if (!came.ok) return;
    const page = new DOMParser().parseFromString(await came.text(), "text/html");
    // What could be taken back when it was fetched is not what can be when it is shown.
    page.querySelector("#undo")?.replaceChildren();
    const there = page.querySelector(".sheet img");
    let picture = null;
    if (there) {
      picture = new Image();
      for (const { name, value } of there.attributes) picture.setAttribute(name, value);
      // Its place is kept, and it is fetched once.
      there.removeAttribute("src");
      await picture.decode().catch(() => {});
    }
    next = { path, page, picture };
    document.body.dataset.ahead = path;
  }
  // Begun once this one is painted, so that it takes nothing from that, and is there when a decision may be made.
  function ahead() {
    if (form?.dataset.mine === undefined || preparing) return;
    const idle = new Promise((soon) => (window.requestIdleCallback ?? setTimeout)(soon, { timeout: 100 }));
    preparing = idle.then(prepare).catch(() => {}).finally(() => { if (!next) preparing = null; });
  }

  // Another page in the place of this one, which can come back as it was for as long as it is not let go.
  function stand(page, picture) {
    const was = { scope: acuse.scope, told: acuse.told, body: document.body, title: document.title, lang: document.documentElement.lang, top: scrollY };
    acuse.scope = new AbortController();
    document.title = page.title;
    document.documentElement.lang = page.documentElement.lang;
    const body = document.adoptNode(page.body);
    // As it is, so that it is painted with the page.
    if (picture) body.querySelector(".sheet img")?.replaceWith(picture);
    document.body.replaceWith(body);
    scrollTo(0, 0);
    for (const begin of acuse.begins) begin(acuse.scope.signal);
    return {
      letGo: () => was.scope.abort(),
      comeBack: () => {
        acuse.scope.abort();
        Object.assign(acuse, { scope: was.scope, told: was.told });
        document.title = was.title;
        document.documentElement.lang = was.lang;
        document.body.replaceWith(was.body);
        scrollTo(0, was.top);
      },
    };
  }
  function become(page) {
    const top = scrollY;
    stand(page).letGo();
    scrollTo(0, top);
  }
  // A place on this page (as "To the content") is no other page.
  const address = () => location.pathname + location.search;
  acuse.shows ??= address();
  on(window, "popstate", () => { if (address() !== acuse.shows) location.reload(); });
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

  // A decision. Where the next page is there already, it stands here while the decision is written down, and nothing can be
  // decided on it before that is; where something is known to speak against it, the answer is waited for.
  const isDoubtful = (button) => form.dataset.warned !== undefined && ["approve", "correct"].includes(button.value) && !find("[name=because]", form)?.value.trim();
  async function follow(answer, before) {
    try {
      const came = await answer;
      if (came.type === "opaqueredirect") return location.reload();
      if (!came.headers.get("content-type")?.startsWith("application/json")) {
        const said = parsed(await came.text());
        before?.letGo();
        return become(said);
      }
      const { to, undo } = await came.json();
      if (!before) await Promise.race([preparing, new Promise((late) => setTimeout(late, PREPARE_MS))]);
      if (to !== next?.path) return location.assign(to);
      (before ?? stand(next.page, next.picture)).letGo();
      history.pushState(null, "", to);
      acuse.shows = address();
      const bar = find("#undo");
      if (bar) bar.innerHTML = undo;
      fade();
      addressed();
    } catch {
      if (before) {
        before.comeBack();
        delete document.body.dataset.ahead;
        next = preparing = null;
      }
      delete form.dataset.sent;
      form.dispatchEvent(new Event("input"));
      rest();
      say(tr("No connection. What you typed stays here."), "#kept");
    }
  }
  on(document, "submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || event.target !== form) return;
    if (button?.name !== "action" || button.dataset.anyway !== undefined) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, button));
    // It is made though somebody goes elsewhere meanwhile.
    const answer = fetch(form.getAttribute("action"), { method: "POST", body, keepalive: lasts(body), headers: { "x-desk": "1" }, redirect: "manual", signal: AbortSignal.timeout(DECIDE_MS) });
    const before = next && !isDoubtful(button) ? stand(next.page, next.picture) : null;
    acuse.deciding = follow(answer, before).finally(() => {
      acuse.deciding = null;
      // What came back has a next one again.
      ahead();
    });
  });

  // What waits, as it changes. The queue looks again when nobody is in the middle of it.
  let known = null;
  acuse.told = async (counts) => {
    for (const el of all("[data-live]")) {
      const key = el.dataset.live;
      const count = { waiting: counts.waiting, incidents: counts.incidents }[key] ?? counts.reasons[key] ?? 0;
      el.textContent = String(count);
      if (el.classList.contains("count")) el.hidden = !count;
    }
    const now = JSON.stringify([counts.waiting, counts.reasons]);
    const before = known;
    known = now;
    const idle = at < 0 && !openPanel() && !typing(document.activeElement) && !document.hidden;
    if (before === null || before === now || document.body.dataset.page !== "queue" || !find("#rows") || !idle) return;
    const answer = await fetch(location.href, { signal, redirect: "manual" }).catch(() => null);
    if (answer?.ok) become(parsed(await answer.text()));
  };
  if (acuse.counts) acuse.told(acuse.counts);
});

(() => {
  let source = null;
  const follow = () => {
    if (document.hidden || !document.querySelector(".bar")) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource("/live");
      source.addEventListener("counts", (event) => {
        acuse.counts = JSON.parse(event.data);
        acuse.told?.(acuse.counts);
      });
    }
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("load", () => setTimeout(follow, 1000));
})();

// Where this browser is, for pages that take out what came on some days.
document.cookie = `acuse_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC"}; path=/; samesite=strict${location.protocol === "https:" ? "; secure" : ""}`;

document.addEventListener("DOMContentLoaded", () => {
  for (const begin of acuse.begins) begin(acuse.scope.signal);
});
