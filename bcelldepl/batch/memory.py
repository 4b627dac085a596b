"""What a process that runs a study again and again remembers of it; it changes no byte of the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bcelldepl.batch.inputs import Identity

__all__ = ["RunMemory"]


@dataclass
class RunMemory:
    """Remembered between runs.

    Attributes
    ----------
    identities : dict of str to Identity
        Of inputs: a file that did not change is not hashed again.
    stages : dict
        What the store holds of a tube, read already: by stage and tube, its key and its value.
    texts : dict
        Gates as text, by tube, with the value that they are the text of.
    """

    identities: dict[str, Identity] = field(default_factory=dict)
    stages: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)
    texts: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def text(self, tube: str, of: Any, encode: Callable[[], str]) -> str:
        """The text of a tube's gates; made anew where they are not the very ones that it was made of.

        Parameters
        ----------
        tube : str
        of : object
            What the gates belong to.
        encode : callable
            Gives the text.
        """
        if tube not in self.texts or self.texts[tube][0] is not of:
            self.texts[tube] = of, encode()
        return self.texts[tube][1]
