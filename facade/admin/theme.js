// Before the first paint, so that a chosen scheme does not flash in the other one.
try {
  const chosen = localStorage.getItem("pgtoken-scheme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.scheme = chosen;
} catch {
  // Storage may be switched off; then the system's scheme it is.
}
