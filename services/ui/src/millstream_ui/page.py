"""The HTML document around the Dash app: its head, what the script must know, and the script."""

import json
from collections.abc import Mapping
from html import escape
from string import Template

_DOCUMENT = Template("""<!DOCTYPE html>
<html lang="$language">
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="$assets/icons/mark.svg">
<link rel="preload" as="font" type="font/woff2" crossorigin href="$assets/vendor/inter-latin.woff2">
<script src="$assets/color-scheme.js"></script>
{%css%}
$styles
<script type="application/json" id="millstream-page">$facts</script>
$preloads
</head>
<body>
{%app_entry%}
<footer>
{%config%}
<script src="$assets/dash-bridge.js"></script>
{%scripts%}
{%renderer%}
</footer>
</body>
</html>
""")

STYLES = (
    "base.css", "sidebar.css", "conversation.css", "answer.css", "sources.css",
    "prose.css", "code.css", "composer.css", "forced-colors.css", "print.css",
)  # fmt: skip


def build_document(
    *, language: str, assets_url: str, modules: list[str], facts: Mapping[str, object]
) -> str:
    """Return Dash's index template.

    assets_url: without a slash at its end. modules: the chat's scripts, fetched early because an
    import is otherwise only seen when its importer has arrived. facts: what `facts.js` reads.
    """
    # "<" must not end the script element early.
    facts_json = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    return _DOCUMENT.substitute(
        language=escape(language),
        assets=escape(assets_url),
        styles="\n".join(
            f'<link rel="stylesheet" href="{escape(assets_url)}/style/{name}">' for name in STYLES
        ),
        preloads="\n".join(
            f'<link rel="modulepreload" href="{escape(assets_url)}/{name}">' for name in modules
        ),
        facts=facts_json,
    )
