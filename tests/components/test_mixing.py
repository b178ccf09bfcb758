"""Mixes are products of gains and stems, each as it would be alone."""

import numpy as np

from audiolime_ext.components.mixing import mix, weighted_sums


def test_mix_is_linear_in_its_gains() -> None:
    rng = np.random.default_rng(0)
    stems = rng.normal(size=(3, 2, 1000)).astype(np.float32)
    gains = rng.random((4, 3, 5)).astype(np.float32)
    edges = np.linspace(0, 1000, 6)
    mixed = mix(stems, gains, edges, 40)
    np.testing.assert_allclose(mixed[..., :180], np.einsum("ms,scn->mcn", gains[..., 0], stems[..., :180]), atol=1e-5)
    np.testing.assert_allclose(mix(stems, gains * 2, edges, 40), mixed * 2, atol=1e-5)
    np.testing.assert_allclose(mixed.sum(axis=0), mix(stems, gains.sum(axis=0, keepdims=True), edges, 40)[0], atol=1e-5)


def test_sums_are_products_and_a_mix_is_the_same_in_any_company() -> None:
    rng = np.random.default_rng(0)
    gains, signals = rng.random((64, 5)).astype(np.float32), rng.normal(size=(5, 20_000)).astype(np.float32)
    gains[rng.random(gains.shape) < 0.5], gains[3] = 0, 0
    found = weighted_sums(gains, signals)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, gains.astype(np.float64) @ signals, atol=1e-5)
    for i in range(len(gains)):
        np.testing.assert_array_equal(weighted_sums(gains[i : i + 1], signals)[0], found[i])


def test_crossfades_are_linear_sum_to_one_and_have_their_length() -> None:
    gains, edges = np.eye(2, dtype=np.float32)[:, None, :], np.array([0.0, 500.0, 1000.0])
    first, second = mix(np.ones((1, 1, 1000), np.float32), gains, edges, 40)[:, 0]
    np.testing.assert_allclose(second, np.clip((np.arange(1000) - 480) / 40, 0, 1), atol=1e-6)
    np.testing.assert_allclose(first + second, 1.0, atol=1e-6)


def test_crossfades_are_shortened_where_segments_are_shorter() -> None:
    gains, edges = np.eye(3, dtype=np.float32)[:, None, :], np.array([0.0, 500.0, 510.0, 1000.0])
    mixed = mix(np.ones((1, 1, 1000), np.float32), gains, edges, 40)[:, 0]
    assert mixed[1, 505] == 1.0  # the segment between 500 and 510 is heard as it is
    assert not mixed[1, :495].any()
    assert not mixed[1, 516:].any()
    np.testing.assert_allclose(mixed.sum(axis=0), 1.0, atol=1e-6)
