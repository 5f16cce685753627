"""The arrays of this package, and the best of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.floating[Any]]"
Indices: TypeAlias = "NDArray[np.intp]"
Flags: TypeAlias = "NDArray[np.bool_]"


def highest(scores: Floats, count: int) -> Indices:
    """Return the indices of so many of the highest scores, the highest first."""
    import numpy as np

    count = min(count, len(scores))
    top = np.argpartition(-scores, count - 1)[:count]
    return np.asarray(top[np.argsort(-scores[top])])
