"""Small files: pictures in few colours, and a short film."""

from io import BytesIO
from itertools import pairwise
from pathlib import Path

from PIL import Image

MOST_STILL_BYTES = 100_000
MOST_FILM_BYTES = 1_000_000
_COLOURS = (256, 128, 64)


def save_still(png: bytes, path: Path) -> Path:
    """Store a picture in as many colours as its size allows. Raises ValueError when none does."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    for colours in _COLOURS:
        few = picture.quantize(colours, kmeans=2, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size <= MOST_STILL_BYTES:
            return path
    raise ValueError(f"{path.name} has {path.stat().st_size} bytes in {_COLOURS[-1]} colours")


def save_film(frames: list[tuple[float, bytes]], path: Path, width: int, end_ms: int) -> Path:
    """Store frames (seconds, picture) as an animation; the last one stays for `end_ms`.

    Raises ValueError when it is too large.
    """
    times = [seconds for seconds, _ in frames]
    pictures = [_narrow(picture, width) for _, picture in frames]
    pauses = [round((after - before) * 1000) for before, after in pairwise(times)]
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=[*pauses, end_ms],
        loop=0,
        quality=55,
        method=4,
    )
    if path.stat().st_size > MOST_FILM_BYTES:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes")
    return path


def _narrow(data: bytes, width: int) -> Image.Image:
    picture = Image.open(BytesIO(data)).convert("RGB")
    height = round(picture.height * width / picture.width)
    return picture.resize((width, height), Image.Resampling.LANCZOS)
