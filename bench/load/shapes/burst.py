"""The arrival pattern "burst": a few users, then many at the same moment, then a few again."""

from locust import LoadTestShape

from bench.load.options import LoadOptions


class Burst(LoadTestShape):
    """The first of `--steps` for a step, the last of them all at once for a step, then the first.

    `--steps 20,150 --step-seconds 20`.
    """

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Return the users of now, and how many of them may come in a second."""
        assert self.runner is not None
        options = LoadOptions.parsed(self.runner.environment.parsed_options)
        few, many = options.steps[0], options.steps[-1]
        step = int(self.get_run_time() / options.step_seconds)  # type: ignore[no-untyped-call]
        return ((few, many, few)[step], 1000.0) if step < 3 else None
