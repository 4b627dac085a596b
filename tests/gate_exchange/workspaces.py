"""Small FlowJo workspaces, written as FlowJo writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import quoteattr

SPACES = " ".join(
    f'xmlns:{prefix}="http://www.isac-net.org/std/Gating-ML/v2.0/{name}"'
    for prefix, name in (("gating", "gating"), ("transforms", "transformations"), ("data-type", "datatypes"))
)


def scale(kind: str, parameter: str, **values: object) -> str:
    """A scale of a parameter."""
    shown = " ".join(f'transforms:{key}="{value}"' for key, value in values.items())
    return (
        f"<transforms:{kind} {shown}><data-type:parameter data-type:name={quoteattr(parameter)}/>"
        f"</transforms:{kind}>"
    )


def linear(parameter: str) -> str:
    return scale("linear", parameter, minRange=0, maxRange=262144)


def biex(parameter: str, width: float = -10, length: int = 256) -> str:
    return scale("biex", parameter, length=length, maxRange=262144, neg=0, width=width, pos=4.418539922)


def matrix(
    channels: Sequence[str], rows: Sequence[Sequence[float]], prefix: str = "Comp-", suffix: str = ""
) -> str:
    """A compensation matrix."""
    named = "".join(f"<data-type:parameter data-type:name={quoteattr(name)}/>" for name in channels)
    spills = ""
    for name, row in zip(channels, rows, strict=True):
        cells = "".join(
            f'<transforms:coefficient data-type:parameter={quoteattr(other)} transforms:value="{value}"/>'
            for other, value in zip(channels, row, strict=True)
        )
        spills += (
            f"<transforms:spillover data-type:parameter={quoteattr(name)}>{cells}</transforms:spillover>"
        )
    return (
        f'<transforms:spilloverMatrix prefix="{prefix}" suffix="{suffix}" name="Acquisition-defined">'
        f"<data-type:parameters>{named}</data-type:parameters>{spills}</transforms:spilloverMatrix>"
    )


def dimension(name: str, low: float | None = None, high: float | None = None) -> str:
    ends = "".join(f' gating:{end}="{v}"' for end, v in (("min", low), ("max", high)) if v is not None)
    return f"<gating:dimension{ends}><data-type:fcs-dimension data-type:name={quoteattr(name)}/></gating:dimension>"


def vertices(points: Iterable[Sequence[float]]) -> str:
    return "".join(
        "<gating:vertex>"
        + "".join(f'<gating:coordinate data-type:value="{value}"/>' for value in point)
        + "</gating:vertex>"
        for point in points
    )


def rectangle(*axes: tuple[object, ...], inside: int = 1) -> str:
    body = "".join(dimension(*axis) for axis in axes)  # type: ignore[arg-type]
    return f'<gating:RectangleGate eventsInside="{inside}">{body}</gating:RectangleGate>'


def polygon(x: str, y: str, corners: Iterable[Sequence[float]]) -> str:
    return f'<gating:PolygonGate eventsInside="1">{dimension(x)}{dimension(y)}{vertices(corners)}</gating:PolygonGate>'


def ellipse(x: str, y: str, foci: Iterable[Sequence[float]], edge: Iterable[Sequence[float]]) -> str:
    """An ellipse, in bins of the display."""
    return (
        f'<gating:EllipsoidGate eventsInside="1">{dimension(x)}{dimension(y)}'
        f"<gating:foci>{vertices(foci)}</gating:foci><gating:edge>{vertices(edge)}</gating:edge>"
        "</gating:EllipsoidGate>"
    )


def population(name: str, gate: str, *below: str, count: int = -1) -> str:
    under = f"<Subpopulations>{''.join(below)}</Subpopulations>" if below else ""
    return (
        f'<Population name={quoteattr(name)} annotation="" owningGroup="" count="{count}"><Graph/>'
        f"<Gate>{gate}</Gate>{under}</Population>"
    )


def combined(kind: str, name: str, *of: str) -> str:
    """kind: And, Or, Not."""
    named = "".join(f"<Dependent name={quoteattr(one)}/>" for one in of)
    return f'<{kind}Node name={quoteattr(name)} count="-1"><Dependents>{named}</Dependents></{kind}Node>'


def sample(
    file: str, scales: str, populations: str, *, matrices: str = "", keywords: dict[str, str] | None = None
) -> str:
    told = "".join(
        f"<Keyword name={quoteattr(name)} value={quoteattr(value)}/>"
        for name, value in (keywords or {}).items()
    )
    return (
        f'<Sample><DataSet uri="{file}" sampleID="1"/>{matrices}<Transformations>{scales}</Transformations>'
        f'<Keywords>{told}</Keywords><SampleNode name={quoteattr(file.rpartition("/")[2])} count="-1">'
        f"<Subpopulations>{populations}</Subpopulations></SampleNode></Sample>"
    )


def workspace(*samples: str, version: str = "10.8.1") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Workspace version="20.0" flowJoVersion="{version}" {SPACES}>'
        f"<Groups/><SampleList>{''.join(samples)}</SampleList></Workspace>"
    )
