"""Writes k8s/components/monitoring/rules.yaml from the alert rules in deploy/observe/rules.

Kustomize can put a file into an object as text only, and a PrometheusRule wants it as a structure.
A test holds the file to its source.
"""

import sys
from pathlib import Path
from textwrap import indent

_ROOT = Path(__file__).parent.parent
SOURCE = _ROOT / "deploy/observe/rules/millstream.yml"
FILE = _ROOT / "k8s/components/monitoring/rules.yaml"

_HEAD = """\
# Written by scripts/make_prometheus_rule.py from deploy/observe/rules/millstream.yml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: millstream
spec:
"""


def text() -> str:
    """Return the whole file."""
    lines = SOURCE.read_text("utf-8").splitlines(keepends=True)
    return _HEAD + indent("".join(line for line in lines if not line.startswith("#")), "  ")


def main() -> int:
    """Write it."""
    FILE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
