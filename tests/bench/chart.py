# SPDX-License-Identifier: BSD-3-Clause
"""A line chart as SVG: a figure over a size, the size on a logarithmic scale."""
import math

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 48, 56
COLOURS = ("#1b6ca8", "#b5481e", "#3f7d3a")


def _size(number):
    for unit, letter in ((1000000, "M"), (1000, "k")):
        if number >= unit:
            return f"{number / unit:.3g}{letter}"
    return f"{number:g}"


def _step(most):
    """A round distance between lines, for five or so of them."""
    rough = most / 5
    power = 10 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def _text(x, y, text, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{text}</text>'


def _marks(points, colour):
    """Filled where pages were large, open where they were plain."""
    for x, y, large in points:
        fill = colour if large else "white"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" stroke="{colour}" stroke-width="2" fill="{fill}"/>'


def draw(title, x_title, y_title, series):
    """`series`: name -> list of (size, figure, large pages)."""
    sizes = sorted({size for points in series.values() for size, _, _ in points})
    step = _step(max(figure for points in series.values() for _, figure, _ in points) * 1.05)
    most = step * math.ceil(max(figure for points in series.values() for _, figure, _ in points) * 1.05 / step)
    low, high = math.log(sizes[0]), math.log(sizes[-1])

    def across(size):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(size) - low) / ((high - low) or 1)

    def up(figure):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * figure / most

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
           'font-family="sans-serif" font-size="12" fill="#222">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           _text(LEFT, 24, title, "start", 'font-size="15" font-weight="bold"')]
    for line in range(round(most / step) + 1):
        y = up(line * step)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(_text(LEFT - 8, y + 4, f"{line * step:g}", "end"))
    for size in sizes:
        out.append(_text(across(size), HEIGHT - BOTTOM + 18, _size(size)))
    out.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, x_title))
    out.append(_text(0, 0, y_title, "middle", f'transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"'))
    for (name, points), colour in zip(series.items(), COLOURS):
        places = [(across(size), up(figure), large) for size, figure, large in sorted(points)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += _marks(places, colour)
        out.append(_text(places[-1][0] + 10, places[-1][1] + 4, name, "start", f'fill="{colour}"'))
    out.append(_text(WIDTH - 8, HEIGHT - 16, "filled: 2 MB pages, open: 4 kB", "end", 'font-size="10"'))
    return "\n".join([*out, "</svg>", ""])
