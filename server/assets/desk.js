// Keys and highlights. Every action works without this file: it only presses the buttons that are there.
"use strict";
(() => {
  const typing = (el) => el && /^(INPUT|SELECT|TEXTAREA)$/.test(el.tagName);
  const form = document.querySelector("[data-keys=decision]");
  const rows = [...document.querySelectorAll("[data-keys=list] .row")];
  let at = -1;

  function move(step) {
    if (!rows.length) return;
    if (at >= 0) rows[at].classList.remove("at");
    at = Math.max(0, Math.min(rows.length - 1, at + step));
    rows[at].classList.add("at");
    rows[at].focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  }

  // A changed field turns "Edit" into "Save correction" and the approve button off: approving would drop the change.
  function changed() {
    if (!form) return;
    let any = false;
    for (const el of form.querySelectorAll("[data-original]")) {
      const differs = !el.closest("[hidden]") && el.value !== el.dataset.original;
      any ||= differs;
      const field = el.closest(".field");
      if (field) field.classList.toggle("changed", differs);
    }
    const edit = form.querySelector("[data-edit] span");
    const approve = form.querySelector("[value=approve]");
    if (edit) edit.textContent = any ? "Save correction" : "Edit";
    if (approve) approve.disabled = any;
    form.dataset.changed = any ? "yes" : "";
  }

  if (form) {
    form.addEventListener("input", changed);
    const kind = form.querySelector("[name=kind]");
    kind?.addEventListener("change", () => {
      for (const group of form.querySelectorAll(".fields")) group.hidden = group.dataset.kind !== kind.value;
      changed();
    });
    form.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (button?.dataset.edit !== undefined && !form.dataset.changed) {
        event.preventDefault();
        form.querySelector(".fields:not([hidden]) .missing input, .fields:not([hidden]) .low input, .fields:not([hidden]) input")?.focus();
      }
      const note = form.querySelector("[name=note]");
      if (button?.dataset.ask && note && !note.value.trim()) {
        event.preventDefault();
        note.focus();
        note.placeholder = "Say why, then press Reject again";
      }
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.name === "note" && event.target.value.trim()) {
        event.preventDefault();
        form.querySelector("[value=reject]")?.click();
      } else if (event.key === "Enter" && event.target.closest(".field")) {
        event.preventDefault();
        if (form.dataset.changed) form.querySelector("[data-edit]")?.click();
      }
    });
    for (const label of form.querySelectorAll(".field")) {
      const light = (on) => document.querySelectorAll(`rect[data-field="${label.dataset.field}"]`).forEach((r) => r.classList.toggle("on", on));
      for (const type of ["mouseenter", "focusin"]) label.addEventListener(type, () => light(true));
      for (const type of ["mouseleave", "focusout"]) label.addEventListener(type, () => light(false));
    }
    for (const rect of document.querySelectorAll("rect[data-field]")) {
      rect.addEventListener("click", () => form.querySelector(`.fields:not([hidden]) [data-field="${rect.dataset.field}"] input`)?.focus());
    }
  }

  // Each page says which of the typed documents it would be in.
  const ranges = document.querySelector(".parts [name=parts]:not([type=hidden])");
  ranges?.addEventListener("input", () => {
    const typed = ranges.value.split(/[,;]/).map((range) => range.split(/[-–]/).map((page) => parseInt(page, 10)));
    for (const badge of document.querySelectorAll("[data-at-page]")) {
      const page = Number(badge.dataset.atPage);
      const at = typed.findIndex(([first, last = first]) => first <= page && page <= last);
      badge.hidden = at < 0;
      badge.querySelector("b").textContent = at + 1;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(document.activeElement)) return document.activeElement.blur();
    if (typing(document.activeElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (rows.length && (event.key === "j" || event.key === "k")) return move(event.key === "j" ? 1 : -1);
    if (!/^[a-z/]$/.test(event.key)) return;
    const target = document.querySelector(`[data-key="${event.key}"]`);
    if (!target || target.disabled) return;
    event.preventDefault();
    if (target.tagName === "INPUT") target.focus();
    else target.click();
  });

  // The queue looks again every 20 seconds while nobody is in the middle of it.
  if (document.body.dataset.page === "queue") {
    setInterval(() => { if (!document.hidden && at < 0) location.reload(); }, 20000);
  }
})();
