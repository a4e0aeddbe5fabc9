"""An image that an environment renders, inside an SVG picture."""

import base64
import struct
import zlib

import numpy as np

from games import svg


def framed(image: np.ndarray, *, title: str) -> str:
    """Return an SVG picture of `image [height, width, 3]`, bytes."""
    height, width, _ = image.shape
    data = base64.b64encode(png(image)).decode()
    shape = svg.element("image", href=f"data:image/png;base64,{data}", width=width, height=height)
    return svg.picture([shape], width=width, height=height, title=title)


def png(image: np.ndarray) -> bytes:
    """Return `image [height, width, 3]`, bytes, as a PNG file (W3C, Portable Network Graphics, third edition)."""
    height, width, _ = image.shape
    lines = np.concatenate([np.zeros((height, 1), dtype=np.uint8), image.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, of three colours
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
