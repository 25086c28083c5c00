"""What the project's plots are made of: scripts/plot-*.py import it."""

OURS, OTHERS = "#0b6e4f", "#5f6b78"
STYLE = (
    "<style>.title{font-weight:bold;font-size:14px}.grid{stroke:#d5dbe1}.end{text-anchor:end}"
    ".middle{text-anchor:middle}</style>"
)


def label(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def document(width, height, parts):
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            'font-family="sans-serif" font-size="12">',
            STYLE,
            '<rect width="100%" height="100%" fill="white"/>',
            *parts,
            "</svg>",
        ]
    )


def frame(x, y, width, height, title, top):
    """The title of a chart, and its lines from 0 to `top` with their values."""
    yield f'<text x="{x}" y="{y - 16}" class="title">{title}</text>'
    for step in range(5):
        line = y + height * (1 - step / 4)
        yield f'<line x1="{x}" y1="{line}" x2="{x + width}" y2="{line}" class="grid"/>'
        yield f'<text x="{x - 8}" y="{line + 4}" class="end">{label(top * step / 4)}</text>'


def legend(x, y, text, colour):
    return f'<text x="{x}" y="{y}" fill="{colour}">&#9679; {text}</text>'


def polyline(points, colour, width=2.5, dashes=None):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'
