"""What Chromium says of a page's work."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

_WATCH = """() => {
    window.longTasks = [];
    const keep = (list) => longTasks.push(...list.getEntries().map((one) => one.duration));
    new PerformanceObserver(keep).observe({ type: "longtask" });
}"""


@dataclass
class Meter:
    """Counts the main thread's work in one page from `begin` on."""

    page: "Page"

    def __post_init__(self) -> None:
        self._devtools = self.page.context.new_cdp_session(self.page)
        # CPU time of the thread: what else runs on the machine does not count.
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._before: dict[str, float] = {}

    def begin(self) -> None:
        """Start to count."""
        self.page.evaluate(_WATCH)
        self._before = self._metrics()

    def read(self, count: int) -> dict[str, float]:
        """Give the work since `begin`, of which there were `count` tokens."""
        now = self._metrics()
        busy = now["TaskDuration"] - self._before["TaskDuration"]
        long_tasks: list[float] = self.page.evaluate("longTasks")
        return {
            "main_thread_seconds": round(busy, 2),
            "main_thread_ms_per_token": round(busy * 1000 / count, 3),
            "script_seconds": round(now["ScriptDuration"] - self._before["ScriptDuration"], 2),
            "long_tasks": len(long_tasks),
            "long_tasks_ms": round(sum(long_tasks)),
            "longest_task_ms": round(max(long_tasks, default=0)),
        }

    def heap_megabytes(self) -> float:
        """Give the script heap in use after a collection."""
        self._devtools.send("HeapProfiler.collectGarbage")
        return round(self._metrics()["JSHeapUsedSize"] / 1e6, 1)

    def nodes(self) -> int:
        """Give the number of DOM nodes alive."""
        return int(self._metrics()["Nodes"])

    def _metrics(self) -> dict[str, float]:
        found: list[dict[str, Any]] = self._devtools.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in found}
