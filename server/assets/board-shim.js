// apalis-board's page believes that it owns its origin. Here it lives under /board: what it asks for at /api/v1 and
// what it writes into the address bar is moved there. (What it reads from the address bar is mended in board.rs.)
(() => {
  const at = "/board";
  const move = (address, prefix) => {
    const url = new URL(address, location.origin);
    if (url.origin === location.origin && url.pathname.startsWith(prefix) && !url.pathname.startsWith(at + "/")) {
      url.pathname = at + url.pathname;
    }
    return url.href;
  };
  window.Request = class extends Request {
    constructor(input, init) {
      super(typeof input === "string" ? move(input, "/api/v1") : input, init);
    }
  };
  const fetched = window.fetch.bind(window);
  window.fetch = (input, init) => fetched(typeof input === "string" ? move(input, "/api/v1") : input, init);
  for (const name of ["pushState", "replaceState"]) {
    const was = history[name].bind(history);
    history[name] = (state, title, address) => was(state, title, address == null ? address : move(address, "/"));
  }
})();
