"""The arrival pattern "ramp": `--steps` users, `--step-seconds` each."""

from locust import LoadTestShape

from bench.load.options import LoadOptions


class Ramp(LoadTestShape):
    """More users at each step; `--steps 20,40,60 --step-seconds 20`."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Return the users of now, and how many of them may come in a second."""
        assert self.runner is not None
        options = LoadOptions.parsed(self.runner.environment.parsed_options)
        step = int(self.get_run_time() / options.step_seconds)  # type: ignore[no-untyped-call]
        return (options.steps[step], 50.0) if step < len(options.steps) else None
