// Customers: by their card, or found by name, phone or tax id.
acuse.begins.push((signal) => {
  const { find, all, on, tr, say, form, rest } = acuse.page(signal);
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
  if (!seek || !whose) return;
  const SEEK_MS = 150;
  const list = find("#found");
  let timer = 0;
  // What the list is of. Nobody is chosen from it for anything else.
  let listed = "";
  let asking = null;
  // Whether Enter was pressed before its answer came.
  let entered = false;
  const query = () => seek.value.trim();
  const forget = () => {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
    entered = false;
  };
  const close = () => {
    forget();
    listed = "";
    list.hidden = true;
    list.removeAttribute("aria-busy");
    seek.setAttribute("aria-expanded", "false");
    seek.removeAttribute("aria-activedescendant");
  };
  const pick = (item) => { if (!item) return; close(); seek.value = ""; choose(item.dataset.customer, item.dataset.name); };
  const lineOf = (customer, n) => {
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
  };
  async function ask(typed) {
    const own = new AbortController();
    asking = own;
    const answer = await fetch(`${seek.dataset.seek}?q=${encodeURIComponent(typed)}`, { signal: own.signal }).catch(() => null);
    const found = answer?.ok ? await answer.json().catch(() => null) : null;
    // Something else is asked for since.
    if (asking !== own) return;
    if (!found) return close();
    asking = null;
    listed = typed;
    list.replaceChildren(...found.map(lineOf));
    list.hidden = !found.length;
    list.removeAttribute("aria-busy");
    seek.setAttribute("aria-expanded", String(found.length > 0));
    if (found.length) seek.setAttribute("aria-activedescendant", "found-0");
    else seek.removeAttribute("aria-activedescendant");
    if (!entered) return;
    entered = false;
    // Who was not seen yet is chosen only where it can be nobody else.
    if (found.length === 1) pick(find("li", list));
    else say(found.length ? tr("Several customers are known by that: choose one.") : tr("No customer is known by that."));
  }
  seek.addEventListener("input", (event) => {
    event.stopPropagation();
    forget();
    const typed = query();
    if (!typed) return close();
    if (typed === listed) return list.removeAttribute("aria-busy");
    list.setAttribute("aria-busy", "true");
    timer = setTimeout(ask, SEEK_MS, typed);
  });
  seek.addEventListener("keydown", (event) => {
    const isListed = listed === query();
    const items = all("li", list);
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isListed) return;
      const to = Math.max(0, Math.min(items.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
      items.forEach((item, n) => item.setAttribute("aria-selected", String(n === to)));
      if (items[to]) seek.setAttribute("aria-activedescendant", items[to].id);
    } else if (event.key === "Enter") {
      // Where nothing is found to choose from yet, what is typed is asked for with the rest.
      if (into && (list.hidden || !isListed)) return close();
      event.preventDefault();
      event.stopPropagation();
      if (event.repeat) return;
      if (isListed) return list.hidden ? undefined : pick(items[at]);
      entered = true;
      clearTimeout(timer);
      if (!asking) ask(query());
    }
  });
  list.addEventListener("mousedown", (event) => { event.preventDefault(); pick(event.target.closest("li")); });
  seek.addEventListener("blur", close);
});
