// Before the first paint: the remembered theme. Auto follows the system.
(() => {
  const root = document.documentElement;
  const read = () => {
    try {
      return localStorage.getItem("andon-theme") || "auto";
    } catch {
      return "auto";
    }
  };
  const show = (theme) => {
    if (theme === "auto") root.removeAttribute("data-theme");
    else root.dataset.theme = theme;
  };
  show(read());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const label = () => {
      button.setAttribute("aria-label", button.dataset[read()]);
      button.title = button.dataset[read()];
    };
    button.addEventListener("click", () => {
      const order = ["auto", "light", "dark"];
      const next = order[(order.indexOf(read()) + 1) % order.length];
      try {
        localStorage.setItem("andon-theme", next);
      } catch {
        // Private windows forget: the theme holds until the page is left.
      }
      show(next);
      label();
    });
    label();
  });
})();
