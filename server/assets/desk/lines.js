// Taxes and lines: arrow keys between lines, a new line below the last, and what they make.
acuse.begins.push((signal) => {
  const { find, all } = acuse.page(signal);
  const amountOf = (text) => {
    const plain = text.replace(/[^\d.,-]/g, "");
    const at = Math.max(plain.lastIndexOf("."), plain.lastIndexOf(","));
    const value = at < 0 ? Number(plain) : Number(`${plain.slice(0, at).replace(/[.,]/g, "")}.${plain.slice(at + 1)}`);
    return Number.isFinite(value) ? value : 0;
  };
  for (const grid of all(".grid")) {
    const body = find("tbody", grid);
    const total = () => {
      const sum = all("[data-cell=amount]", body).reduce((made, input) => made + amountOf(input.value), 0);
      const group = grid.closest(".fields");
      const wholes = grid.dataset.field === "taxes" ? ["tax"] : ["subtotal", "total"];
      const said = wholes.map((name) => find(`[data-field="${name}"] input`, group)?.value).filter(Boolean).map(amountOf);
      const out = find("[data-sum]", grid);
      const any = all("[data-cell=amount]", body).some((input) => input.value.trim());
      out.textContent = any ? `= ${sum.toFixed(2)}` : "";
      out.className = any && said.length && !said.some((whole) => Math.abs(whole - sum) < 0.015) ? "off" : "";
    };
    const blank = (line) => {
      const copy = line.cloneNode(true);
      for (const input of all("input", copy)) {
        input.value = "";
        input.dataset.original = "";
        delete input.dataset.rest;
      }
      return copy;
    };
    const number = () => [...body.children].forEach((line, n) => {
      for (const input of all("input", line)) {
        input.name = input.name.replace(/\.\d+\.([a-z_]+)$/, `.${n}.$1`);
        input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+$/, String(n + 1)));
      }
    });
    const put = (line, after) => { after.after(line); number(); };
    const cellOf = (line, name) => find(`[data-cell="${name}"]`, line);
    // One line becomes two. Of its name what stands behind the cursor goes along; of its amount what the first one leaves.
    const split = (input) => {
      const line = input.closest("tr");
      if (all("input", line).every((cell) => !cell.value.trim())) return;
      const other = blank(line);
      const [named, alike] = [find("input", line), find("input", other)];
      const at = input === named ? input.selectionStart : 0;
      alike.value = (at ? named.value.slice(at).trim() : "") || named.value;
      if (alike.value !== named.value) named.value = named.value.slice(0, at).trim();
      const whole = cellOf(line, "amount");
      if (whole.value.trim()) cellOf(other, "amount").dataset.rest = whole.value;
      put(other, line);
      whole.dispatchEvent(new Event("input", { bubbles: true }));
      whole.focus();
      whole.select();
    };
    const drop = (input) => {
      for (const cell of all("input", input.closest("tr"))) cell.value = "";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    // What is left of an amount for the line that was split off it, until somebody types there.
    const leave = (input) => {
      delete input.dataset.rest;
      if (input.dataset.cell !== "amount") return;
      const next = input.closest("tr").nextElementSibling;
      const rest = next && cellOf(next, "amount");
      if (rest?.dataset.rest === undefined) return;
      const whole = rest.dataset.rest;
      const places = /[.,](\d{1,2})$/.exec(whole.trim())?.[1].length ?? 0;
      const left = amountOf(whole) - amountOf(input.value);
      rest.value = input.value === whole ? "" : left.toFixed(places);
    };
    let last = null;
    grid.addEventListener("focusin", (event) => { if (event.target.dataset.cell) last = event.target; });
    grid.addEventListener("input", (event) => {
      leave(event.target);
      if (all("input", body.lastElementChild).some((input) => input.value.trim())) put(blank(body.lastElementChild), body.lastElementChild);
      total();
    });
    const acts = find("[data-acts]", grid);
    acts.hidden = false;
    // The cell keeps the focus, which says of which line it is.
    acts.addEventListener("mousedown", (event) => event.preventDefault());
    acts.addEventListener("click", (event) => {
      const act = { split, drop }[event.target.closest("button")?.dataset.line];
      if (act && last?.isConnected) act(last);
    });
    grid.addEventListener("keydown", (event) => {
      const input = event.target;
      if (!input.dataset?.cell) return;
      const column = all(`[data-cell="${input.dataset.cell}"]`, body);
      const at = column.indexOf(input);
      if (event.key === "ArrowDown" && (event.ctrlKey || event.altKey)) {
        event.preventDefault();
        if (!event.repeat) split(input);
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp" || (event.key === "Enter" && !event.ctrlKey && !event.metaKey)) {
        event.preventDefault();
        column[at + (event.key === "ArrowUp" ? -1 : 1)]?.focus();
      } else if (event.key === "Backspace" && event.ctrlKey) {
        event.preventDefault();
        drop(input);
      }
    });
    total();
  }
});
