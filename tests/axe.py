"""axe-core on the page that stands in a browser: what a reader with a disability would stumble over."""

from pathlib import Path

SCRIPT = Path(__file__).parent / "browser" / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page) -> list[str]:
    """What axe finds, each with the first place."""
    page.evaluate(SCRIPT.read_text("utf-8"))
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", RULES)["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
