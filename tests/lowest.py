"""Do the lowest versions work that we allow? Some tests of every package: ``python -m tests.lowest EXTRA,EXTRA…``.

``make test-lowest`` sets up an environment that holds them. It fails, too, where no test has used one of them.
"""

from __future__ import annotations

import sys
from importlib.metadata import files, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

HERE = Path(__file__).parent
CHOSEN = (
    "app/test_serving.py::test_a_song_is_explained_until_ctrl_c_and_what_is_done_is_kept",  # fastapi, uvicorn, …
    "attribution/test_lime.py",  # lime, scikit-learn
    "audio/test_mpeg4.py::test_a_stem_file_is_its_mixture_and_its_stems",  # av
    "audio/test_musdb.py::test_a_track_is_loaded_like_any_recording",
    "audio/test_resampling.py",  # soxr, scipy
    "audio/test_spectrogram.py::test_mel_filters_are_librosas",
    "audio/test_stem_folders.py::test_stems_of_medleydb_are_named_by_their_instruments",  # pyyaml
    "collection/engine/test_cluster.py::test_a_cluster_writes_the_table_that_processes_write",  # distributed
    "audit/verdict/test_export.py",  # pyarrow
    "audio/test_tags.py",  # mutagen
    "compat/test_every.py::test_shap_values_start_at_silence_and_add_up_to_the_score",
    "compat/test_every.py::test_shapiqs_exact_computer_finds_our_values_and_interactions",
    "explanation/test_explanation.py::test_the_data_frame_has_one_row_per_label_and_component",  # pandas
    "explanation/test_saved.py",  # msgspec
    "factorizations/test_slic.py",  # scikit-image
    "models/test_deejai.py::test_it_answers_what_the_network_answers_and_so_does_every_layer",  # safetensors
    "models/test_features.py::test_pauses_have_no_brightness_and_silence_no_number",  # pyloudnorm, librosa
    "models/test_onnx_model.py::test_weights_may_lie_beside_it",
    "networks/test_checkpoints.py::test_first_use_brings_exactly_the_files_asked_for",  # pip, tqdm
    "networks/test_checkpoints.py::test_a_link_that_stands_where_the_lock_belongs_is_not_followed",  # filelock
    "networks/test_runtime.py",  # onnxruntime
    "recommendation/maps/test_laying_out.py",  # openTSNE
    "recommendation/test_approximate.py::test_99_of_100_of_the_ten_nearest_are_found",  # faiss-cpu
    "collection/indexing/test_matching.py",  # rapidfuzz
    "report/player/test_media.py::test_the_spectrogram_is_brightest_where_the_tone_is",  # pillow
    "report/figures/test_figure.py::test_bars_are_the_weights",  # matplotlib
    "report/test_templating.py",  # jinja2, markupsafe
    "test_known_similarity.py::test_what_is_written_as_midi_is_read_again",  # mido
    "test_cache.py::test_the_cache_is_the_users_unless_named",  # platformdirs
)
ELSEWHERE = {"pip"}  # it runs in a process of its own


def required(extras: list[str]) -> dict[str, str]:
    """The packages that ours requires with these extras, each with the lowest version that it allows."""
    wanted = map(Requirement, requires("audiolime-ext") or ())
    taken = (one for one in wanted if not one.marker or any(one.marker.evaluate({"extra": name}) for name in extras))
    return {one.name: str(one.specifier).removeprefix(">=") for one in taken}


def modules(name: str) -> set[str]:
    """The modules that a package brings."""
    return {path.parts[0].removesuffix(".py") for path in files(name) or ()}


def main(extras: list[str]) -> int | str:
    """Run the tests; return what is wrong."""
    lowest = required(extras)
    print("lowest versions:", ", ".join(f"{name} {version(name)}" for name in lowest))
    if failed := pytest.main(["-q", "-p", "no:cacheprovider", *(str(HERE / each) for each in CHOSEN)]):
        return int(failed)
    loaded = {name.partition(".")[0] for name in sys.modules}
    unused = [name for name in lowest if name not in ELSEWHERE and not loaded & modules(name)]
    newer = [name for name, bound in lowest.items() if not version(name).startswith(bound)]
    return f"no test has used {unused}; newer than the lowest: {newer}" if unused or newer else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].split(",")))
