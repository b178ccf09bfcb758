"""A catalogue as Parquet: a column of vectors, or columns of numbers.

The column of vectors is a list of numbers, of any of Arrow's kinds, and called ``vector``, ``vectors``, ``embedding``
or ``embeddings``. Where there is none, or features are named, the columns of numbers are the features, by the rule in
`columns`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.tags import BETWEEN
from audiolime_ext.collection.indexing.brought.columns import in_seconds, require_features, roles_of, told
from audiolime_ext.collection.indexing.brought.rows import Rows
from audiolime_ext.errors import UsageError
from audiolime_ext.extras import require
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import require_file, require_room
from audiolime_ext.text import counted

VECTORS = ("vector", "vectors", "embedding", "embeddings")
MOST_ROWS = 10_000_000


def rows_of(path: Path, features: Sequence[str] | None) -> Rows:
    """The rows of a Parquet file.

    Raises
    ------
    MissingError
        If pyarrow is not installed.
    OSError, ValueError
        If it cannot be read.
    """
    arrow, parquet = require("pyarrow", extra="parquet"), require("pyarrow.parquet", extra="parquet")
    try:
        with require_file(path).open("rb") as file:
            return _rows(arrow, parquet.ParquetFile(file), features, legible(path))
    except arrow.ArrowException as error:
        raise ValueError(f"it is no Parquet, or damaged ({error})") from error


def _rows(arrow: Any, file: Any, features: Sequence[str] | None, source: str) -> Rows:
    n = file.metadata.num_rows
    if n > MOST_ROWS:
        raise ValueError(f"it has {counted(n, 'row')}, and no more than {MOST_ROWS} are read")
    require_room(sum(map(_unpacked, map(file.metadata.row_group, range(file.metadata.num_row_groups)))))
    kinds = {field.name: field.type for field in file.schema_arrow}
    roles = roles_of(file.schema_arrow.names, features, source=source)
    texts = {field: _texts(_column(file, name), name) for field, name in roles.fields.items()}
    of_vectors = [name for name in roles.candidates if name.lower() in VECTORS and _is_list(arrow, kinds[name])]
    if features is None and of_vectors:
        if len(of_vectors) > 1:
            raise UsageError(f"{source} has two columns of vectors, {' and '.join(of_vectors)}; keep one")
        vectors, labels = _vectors(arrow, _column(file, of_vectors[0])), None
        others = [legible(name) for name in kinds if name not in (*roles.fields.values(), *of_vectors)]
        notes = [f"columns of {source} beside its vectors that mean nothing here: {', '.join(others)}"][: len(others)]
    else:
        found, no_numbers = _numbers(arrow, file, {name: kinds[name] for name in roles.candidates})
        require_features(found, features, no_numbers, source=source)
        vectors, labels = np.stack(list(found.values()), axis=1), tuple(found)
        notes = [told(labels, roles.aside, no_numbers, source=source)]
    return Rows(texts, vectors, labels, range(1, n + 1), "row", tuple(notes))


def _unpacked(group: Any) -> int:
    """Bytes of a group of rows in memory: what repeats is written once in the file, and not there."""
    return sum([group.total_byte_size, *(8 * group.column(i).num_values for i in range(group.num_columns))])


def _column(file: Any, name: str) -> Any:
    column = file.read(columns=[name]).column(name)
    if len(column) != file.metadata.num_rows:
        raise ValueError("its columns have different lengths; get a complete copy")
    return column


def _is_list(arrow: Any, kind: Any) -> bool:
    is_list = arrow.types.is_list(kind) or arrow.types.is_large_list(kind) or arrow.types.is_fixed_size_list(kind)
    return bool(is_list and _is_number(arrow, kind.value_type))


def _is_number(arrow: Any, kind: Any) -> bool:
    return bool(arrow.types.is_floating(kind) or arrow.types.is_integer(kind) or arrow.types.is_decimal(kind))


def _numbers(
    arrow: Any, file: Any, candidates: Mapping[str, Any]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    """The candidates that hold numbers, and why the others do not."""
    found, no_numbers = dict[str, NDArray[np.float64]](), dict[str, str]()
    for name, kind in candidates.items():
        if not _is_number(arrow, kind):
            no_numbers[name] = f"it holds {kind}"
            continue
        numbers = _column(file, name).cast(arrow.float64(), safe=False).to_numpy()
        if len(numbers) and np.isnan(numbers).all():
            no_numbers[name] = "it is empty"
        else:
            found[name] = numbers
    return found, no_numbers


def _vectors(arrow: Any, column: Any) -> NDArray[np.float64]:
    """The vectors of a column of lists, NaN where a row has none."""
    compute = require("pyarrow.compute", extra="parquet")
    there = np.flatnonzero(column.is_valid().to_numpy())
    given = column.drop_null()
    lengths = compute.list_value_length(given).to_numpy()
    if len(other := np.flatnonzero(lengths != lengths[:1])):
        first, second = (f"row {there[i] + 1} has {counted(int(lengths[i]), 'number')}" for i in (0, other[0]))
        raise ValueError(f"its vectors have different lengths: {first}, {second}; one model's are all alike")
    flat = compute.list_flatten(given).cast(arrow.float64(), safe=False).to_numpy()
    found = np.full((len(column), lengths[0] if len(lengths) else 1), np.nan)
    found[there] = flat.reshape(len(given), -1) if len(given) else 0
    return found


def _texts(column: Any, name: str) -> Sequence[str | None]:
    values = ([] if value is None else value for value in column.to_pylist())
    cells = [BETWEEN.join(map(str, filter(None, value))) if isinstance(value, list) else str(value) for value in values]
    return in_seconds(cells) if name.lower() == "duration_ms" else cells
