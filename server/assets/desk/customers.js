// Customers: by their card, or found by name, phone or tax id.
acuse.begins.push((signal) => {
  const { find, all, on, say, form, rest } = acuse.page(signal);
  const seek = find("[data-seek]");
  // Whom it is chosen for: a document that is decided, or what a search or a rule is about.
  const into = seek?.dataset.into;
  const whose = into ? find(`[name="${into}"]`, seek.form) : form && find("[name=customer_id]", form);
  function choose(id, name) {
    if (!all("option", whose).some((option) => option.value === id)) whose.append(new Option(name, id));
    whose.value = id;
    for (const card of all("[data-customer]")) card.setAttribute("aria-pressed", String(card.dataset.customer === id));
    whose.dispatchEvent(new Event("input", { bubbles: true }));
    say(name);
    if (into) find("button:not([type=button])", whose.form)?.focus();
    else rest();
  }
  on(document, "click", (event) => {
    const card = event.target.closest?.("[data-customer]");
    if (card && whose) choose(card.dataset.customer, card.dataset.name);
  });
  if (seek && whose) {
    const list = find("#found");
    let timer = 0;
    const close = () => { list.hidden = true; seek.setAttribute("aria-expanded", "false"); };
    const pick = (item) => { if (!item) return; close(); seek.value = ""; choose(item.dataset.customer, item.dataset.name); };
    seek.addEventListener("input", (event) => {
      event.stopPropagation();
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const answer = await fetch(`${seek.dataset.seek}?q=${encodeURIComponent(seek.value)}`).catch(() => null);
        const found = answer?.ok && seek.value.trim() ? await answer.json() : [];
        list.replaceChildren(...found.map((customer, n) => {
          const item = document.createElement("li");
          item.id = `found-${n}`;
          item.setAttribute("role", "option");
          item.setAttribute("aria-selected", String(n === 0));
          Object.assign(item.dataset, { customer: customer.id, name: customer.name });
          const name = document.createElement("strong");
          name.textContent = customer.name;
          const known = document.createElement("small");
          known.textContent = customer.known_by;
          item.append(name, " ", known);
          return item;
        }));
        list.hidden = !found.length;
        seek.setAttribute("aria-expanded", String(found.length > 0));
        if (found.length) seek.setAttribute("aria-activedescendant", "found-0");
        else seek.removeAttribute("aria-activedescendant");
      }, 150);
    });
    seek.addEventListener("keydown", (event) => {
      const items = all("li", list);
      const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const to = Math.max(0, Math.min(items.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
        items.forEach((item, n) => item.setAttribute("aria-selected", String(n === to)));
        if (items[to]) seek.setAttribute("aria-activedescendant", items[to].id);
      } else if (event.key === "Enter") {
        // Where nothing is found to choose from yet, what is typed is asked for with the rest.
        if (list.hidden && into) return;
        event.preventDefault();
        event.stopPropagation();
        if (!list.hidden) pick(items[at]);
      }
    });
    list.addEventListener("mousedown", (event) => { event.preventDefault(); pick(event.target.closest("li")); });
    seek.addEventListener("blur", close);
  }
});
