"""Pictures of products, drawn from the drawings: soft light, a shadow, a palette."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from shop.seed.drawings import DRAWINGS
from shop.services.media import Stored, from_picture

SIZE, OVER = 640, 2
Colour = tuple[int, int, int]

# background light, background dark, main, dark, light, accent
PALETTES = (
    ("#fbf1e3", "#ecd3b4", "#b8683f", "#7c4026", "#e3a77e", "#2f5d50"),
    ("#eef3ee", "#c9dacd", "#4f7f6b", "#2d5244", "#93b8a5", "#d98f3e"),
    ("#eff1f8", "#ccd2e6", "#5b6ea6", "#36447a", "#a3b0d8", "#e0a458"),
    ("#fbeeea", "#eecabf", "#c9705f", "#8c4034", "#eba99c", "#3f6b73"),
    ("#f3f1ec", "#d9d2c4", "#8d8371", "#5a5245", "#bdb39f", "#b5502f"),
    ("#ebf3f5", "#c2d9df", "#3e7f8f", "#22525f", "#8abcc8", "#e7b35c"),
    ("#f6eff4", "#dfc9db", "#8b5a83", "#593553", "#bd94b6", "#dca350"),
    ("#f8f4e1", "#eadfae", "#c79a2d", "#86641a", "#e6c873", "#54707f"),
)
PALE, INK = (253, 249, 240), (46, 44, 48)


def _rgb(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _shape(pen: ImageDraw.ImageDraw, words: list[str], colours: dict[str, Colour], scale: float) -> None:
    kind, colour = words[0], colours[words[1]]
    n = [float(word) for word in words[2:]]
    points = [value * scale for value in n]
    if kind == "o":
        pen.ellipse(points, fill=colour)
    elif kind == "r":
        pen.rounded_rectangle(points[:4], radius=points[4], fill=colour)
    elif kind == "p":
        pen.polygon(points, fill=colour)
    elif kind == "l":
        pen.line(points[1:], fill=colour, width=max(1, round(points[0])), joint="curve")
    else:
        pen.arc(points[1:5], n[5], n[6], fill=colour, width=max(1, round(points[0])))


def _object(what: str, colours: dict[str, Colour]) -> Image.Image:
    side = SIZE * OVER
    layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    for shape in DRAWINGS[what].split(";"):
        _shape(pen, shape.split(), colours, side / 100)
    return layer.reduce(OVER)


def _background(light: Colour, dark: Colour, tilt: int) -> Image.Image:
    # The largest square of a turned square that shows none of its corners.
    turn = math.radians(tilt)
    half = 127 / (abs(math.cos(turn)) + abs(math.sin(turn)))
    ramp = Image.linear_gradient("L").rotate(tilt)
    ramp = ramp.resize(
        (SIZE, SIZE), Image.Resampling.BICUBIC, (128 - half, 128 - half, 128 + half, 128 + half)
    )
    field = Image.composite(Image.new("RGB", ramp.size, dark), Image.new("RGB", ramp.size, light), ramp)
    glow = Image.radial_gradient("L").resize((SIZE, SIZE)).point(lambda v: max(0, 90 - v // 2))
    field.paste(light, (0, 0), glow)
    return field


def draw(what: str, variant: int) -> Image.Image:
    """One picture; the same words give the same picture."""
    rng = random.Random(f"{what}/{variant}")
    first = (sum(map(ord, what)) + variant * 3) % len(PALETTES)
    light, dark, *rest = (_rgb(text) for text in PALETTES[first])
    colours = dict(zip("mdla", rest, strict=True)) | {"w": PALE, "k": INK}
    picture = _background(light, dark, rng.choice((20, 45, 70, 110, 160)))
    thing = _object(what, colours)
    scale = rng.uniform(0.74, 0.84)
    side = round(SIZE * scale)
    thing = thing.resize((side, side), Image.Resampling.BILINEAR)
    alpha = thing.getchannel("A")
    at = ((SIZE - side) // 2, (SIZE - side) // 2 - 6)
    shadow = alpha.resize((side // 4, side // 4)).filter(ImageFilter.GaussianBlur(5)).resize((side, side))
    picture.paste(tuple(c // 3 for c in dark), (at[0] + 10, at[1] + 22), shadow.point(lambda v: v * 2 // 7))
    picture.paste(thing.convert("RGB"), at, alpha)
    shade = Image.linear_gradient("L").rotate(90).resize((side, side)).point(lambda v: max(0, v - 110) // 3)
    picture.paste((20, 16, 24), at, ImageChops.multiply(shade, alpha))
    return picture


def make(what: str, variant: int) -> Stored:
    """A picture, ready for the bucket."""
    return from_picture(draw(what, variant), method=2)
