// A page that could not be made: ask again until the server is ready, then load it.
const ask = async () => {
  try {
    const answer = await fetch("/readyz", { cache: "no-store" });
    if (answer.ok) {
      location.reload();
      return;
    }
  } catch {
    // Not there yet.
  }
  setTimeout(ask, 2000);
};
setTimeout(ask, 2000);
