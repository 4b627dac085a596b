"""Make the figures of the documentation, and ``docs/gallery.md``, from results of ``sample_fcs/``.

``bcelldepl run sample_fcs/study.toml --out RESULTS``, then ``python docs/make_gallery.py RESULTS``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from PIL import Image

DOCS = Path(__file__).resolve().parent
WIDTH, COLOURS = 1400, 96  # of a figure at most; lines, letters and densities need no more


class Picture(NamedTuple):
    """A figure of the results folder, its name in ``docs/figures``, and what it shows."""

    source: str
    name: str
    heading: str
    caption: str


HEAD = """# Gallery

Figures of `sample_fcs/`, a simulated study of three subjects in three dose groups, as `bcelldepl run
sample_fcs/study.toml` writes them. Statistics by group need more subjects than these; the figures show their form.
`python docs/make_gallery.py RESULTS` makes this page and its figures again.
"""

PICTURES = (
    Picture(
        "curves.png", "sample_study", "Courses",
        "B cells and CAR+ T cells per microlitre by study day, one line per subject. Short dashes are the LLOQs of the "
        "tubes; a bar with an arrow is an upper limit, not a value.",
    ),
    Picture(
        "subjects/S01.png", "gallery_subject", "One subject",
        "Both courses with Cmax, the terminal slope where there is one, and the time in which B cells were depleted.",
    ),
    Picture(
        "clusters.png", "gating_clusters", "The study's cells",
        "The clusters that were learned once from all tubes, in pairs of markers, coloured by kind and numbered as in "
        "`gates/clusters.csv`. See [how the cells are found](gating.md).",
    ),
    Picture(
        "tubes/fcs__S01_BL.png", "gating_baseline", "Gates of a tube before the infusion",
        "The gating path from all events to the reported populations, with the evidence of each gate.",
    ),
    Picture(
        "tubes/fcs__S01_D28.png", "gating_depleted", "Gates of a depleted tube",
        "The same path where the B cells are gone. The B gate has the place that the study gives it; a dashed gate is "
        "borrowed.",
    ),
    Picture(
        "groups_car_t.png", "gallery_car_t", "CAR+ T cells by dose group",
        "Median and range by nominal day.",
    ),
    Picture(
        "percent_of_baseline.png", "gallery_percent_of_baseline", "B cells in percent of baseline",
        "Geometric means by dose group. Open symbols: half or more of the results are below the LLOQ.",
    ),
    Picture(
        "waterfall.png", "gallery_waterfall", "Depth of depletion",
        "The deepest change from baseline of each subject; an arrow where the nadir is below a limit.",
    ),
    Picture(
        "swimmer.png", "gallery_swimmer", "Duration of depletion",
        "When each subject's B cells were depleted, and whether they have recovered.",
    ),
    Picture(
        "depletion_rate.png", "gallery_depletion_rate", "Subjects with depleted B cells",
        "By visit and dose group, with exact intervals.",
    ),
    Picture(
        "time_to_depletion.png", "gallery_time_to_depletion", "Time to depletion",
        "Kaplan-Meier curves by dose group.",
    ),
    Picture(
        "exposure_depth.png", "gallery_exposure", "Exposure and response",
        "Exposure to CAR+ T cells against the depth of depletion; arrows are bounds.",
    ),
)  # fmt: skip


def document() -> str:
    """Return the page as Markdown."""
    parts = [
        f"## {one.heading}\n\n{one.caption}\n\n![{one.heading}](figures/{one.name}.png)\n" for one in PICTURES
    ]
    return "\n".join([HEAD, *parts])


def make(results: Path, docs: Path = DOCS) -> None:
    """Write the page, and the figures in few colours."""
    (docs / "figures").mkdir(parents=True, exist_ok=True)
    for one in PICTURES:
        with Image.open(results / "figures" / one.source) as drawn:
            image = drawn.convert("RGB")
        image.thumbnail((WIDTH, 2 * WIDTH), Image.Resampling.LANCZOS)
        image.quantize(COLOURS, dither=Image.Dither.NONE).save(
            docs / "figures" / f"{one.name}.png", optimize=True
        )
    (docs / "gallery.md").write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else DOCS)
