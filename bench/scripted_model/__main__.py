"""Start the server: `python -m bench.scripted_model --port 0`."""

import argparse
import asyncio
import gc
import json
import os
import signal

from aiohttp import web

from bench.scripted_model.server import create_app


def main() -> None:
    """Read the command line and serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--dimension", type=int, default=384, help="floats of an embedding")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.host, arguments.port, arguments.dimension))


async def _serve(host: str, port: int, dimension: int) -> None:
    # handler_cancellation: a client that goes away ends its stream at once.
    runner = web.AppRunner(
        create_app(dimension), handler_cancellation=True, access_log=None, shutdown_timeout=0.5
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1024)
    await site.start()
    gc.freeze()
    bound = runner.addresses[0][1]
    line = {"url": f"http://{host}:{bound}", "port": bound, "pid": os.getpid()}
    print(json.dumps(line), flush=True)
    await _stop_signal()
    await runner.cleanup()


async def _stop_signal() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    main()
