"""Values as JSON and back, exactly: a store that came from elsewhere is data, it can never be a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import chain
from typing import Any, Final

import numpy as np

from bcelldepl.store.errors import StoreError

__all__ = ["Codec"]

_KIND = "is"  # the key that names what an object is: a registered class, or one of the words below
_MAPPING, _BYTES, _ARRAY, _FLOATS = "mapping", "bytes", "array", "floats"
_AS_THEY_ARE: Final = frozenset(
    {type(None), bool, int, float, str}
)  # not what derives from them, like an enumeration
_ROWS: Final = frozenset({tuple, list})
_FLOAT: Final = np.dtype("<f8")
_MANY: Final = 4  # floats or rows of them: to write more in decimals, and to read them, takes longest of all


class Codec:
    """Encode frozen dataclasses of plain values.

    Every value comes back as it was: an integer stays one, a float keeps every bit (NaN and infinities too), a sequence
    comes back as a tuple. Only classes that were registered are made again.

    Parameters
    ----------
    kinds : type
        Dataclasses and enumerations that may occur, each by its name.
    """

    def __init__(self, *kinds: type) -> None:
        self.kinds = {kind.__name__: kind for kind in kinds}

    def encode(self, value: Any) -> tuple[str, bytes]:
        """Return a value as JSON, and the bytes that it holds behind one another."""
        attachment = bytearray()
        plain = self._plain(value, attachment)
        return json.dumps(plain, separators=(",", ":")), bytes(attachment)

    def decode(self, text: str, attachment: bytes) -> Any:
        """Return the value again.

        Raises
        ------
        StoreError
            Where the text is not what `encode` gives.
        """
        try:
            return self._value(json.loads(text), memoryview(attachment))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise StoreError(f"a stored value cannot be read: {error}") from error

    def _plain(self, value: Any, attachment: bytearray) -> Any:
        kind = type(value)
        if kind in _AS_THEY_ARE:  # most values are
            return value
        if kind is tuple or kind is list:
            packed = self._packed(value, attachment)
            if packed is not None:
                return packed
            return [self._plain(one, attachment) for one in value]
        if isinstance(value, Enum):
            return {_KIND: self._registered(value), "value": value.value}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, (int, float, str)):
            return value
        if is_dataclass(value) and not isinstance(value, type):
            parts = {
                name: self._plain(getattr(value, name), attachment) for name in _field_names(type(value))
            }
            return {_KIND: self._registered(value), "fields": parts}
        if isinstance(value, Mapping):
            items = [[str(key), self._plain(one, attachment)] for key, one in value.items()]
            return {_KIND: _MAPPING, "items": items}
        if isinstance(value, (tuple, list)):
            return [self._plain(one, attachment) for one in value]
        if isinstance(value, bytes):
            attachment += value
            return {_KIND: _BYTES, "end": len(attachment), "length": len(value)}
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            content = self._plain(value.tobytes(), attachment)
            return {_KIND: _ARRAY, "dtype": value.dtype.str, "shape": list(value.shape), "content": content}
        raise TypeError(f"a {kind.__name__} cannot be stored")

    def _packed(self, value: Sequence[Any], attachment: bytearray) -> Any:
        """A sequence of plain values, or of rows of them: many floats as their bytes; None for another."""
        kinds = set(map(type, value))
        if kinds == {float} and len(value) >= _MANY:
            return _floats(value, 0, attachment)
        if kinds <= _AS_THEY_ARE:
            return value
        if not kinds <= _ROWS:
            return None
        within, lengths = set(map(type, chain.from_iterable(value))), set(map(len, value))
        if within == {float} and len(lengths) == 1 and len(value) >= _MANY:  # such as the corners of a gate
            return _floats(chain.from_iterable(value), lengths.pop(), attachment)
        return value if within <= _AS_THEY_ARE else None

    def _registered(self, value: Any) -> str:
        name = type(value).__name__
        if self.kinds.get(name) is not type(value):
            raise TypeError(f"{name} is not registered with the codec that is to store it")
        return name

    def _value(self, plain: Any, attachment: memoryview) -> Any:
        if type(plain) in _AS_THEY_ARE:
            return plain
        if isinstance(plain, list):
            if _AS_THEY_ARE.issuperset(map(type, plain)):
                return tuple(plain)
            return tuple([self._value(one, attachment) for one in plain])
        kind = plain[_KIND]
        if kind == _MAPPING:
            return {key: self._value(one, attachment) for key, one in plain["items"]}
        if kind in (_BYTES, _FLOATS):
            content = attachment[plain["end"] - plain["length"] : plain["end"]]
            return bytes(content) if kind == _BYTES else _rows(content, plain["columns"])
        if kind == _ARRAY:
            dtype = np.dtype(plain["dtype"])
            if dtype.kind not in "biuf":
                raise ValueError(f"an array of {dtype}")
            content = self._value(plain["content"], attachment)
            return np.frombuffer(content, dtype).reshape(plain["shape"]).copy()
        made = self.kinds[kind]
        if issubclass(made, Enum):
            return made(plain["value"])
        return made(**{name: self._value(one, attachment) for name, one in plain["fields"].items()})


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _floats(values: Iterable[float], columns: int, attachment: bytearray) -> dict[str, Any]:
    """Floats that were put behind the other bytes; of rows of so many columns, of none for a plain sequence."""
    content = np.fromiter(values, dtype=_FLOAT).tobytes()
    attachment += content
    return {_KIND: _FLOATS, "columns": columns, "end": len(attachment), "length": len(content)}


def _rows(content: memoryview, columns: int) -> tuple[Any, ...]:
    floats = np.frombuffer(content, dtype=_FLOAT)
    return tuple(map(tuple, floats.reshape(-1, columns).tolist())) if columns else tuple(floats.tolist())
