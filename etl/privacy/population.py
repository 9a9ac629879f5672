"""Who would stand alone if everybody in the city had a row? An estimate from the classes of those who have one.

The rule of Dankar et al. (2012, "Estimating the re-identification risk of clinical data sets"), as ARX applies it: up to a
tenth of the population Pitman's model, beyond that Zayatz's. ARX takes the model of Shlosser and Chen beyond a tenth where it
gives less; we do not, which errs on the safe side."""

import math

import numpy as np
from scipy.optimize import root
from scipy.special import digamma, gammaln

SMALL_SAMPLE = 0.1  # share of the population


def uniqueness(sizes: np.ndarray, population: int) -> float:
    """The share of a population of which each would be like nobody else, from the sizes of the classes of a sample.

    A sample that is larger than the population is taken for all of it."""
    size, count = np.unique(sizes, return_counts=True)
    rows = int(sizes.sum())
    population = max(population, rows)
    if not rows or size[0] > 1:
        return 0.0
    by_pitman = _pitman(size, count, population) if rows <= SMALL_SAMPLE * population else None
    return _zayatz(size, count, population) if by_pitman is None else by_pitman


def _zayatz(size: np.ndarray, count: np.ndarray, population: int) -> float:
    """Zayatz (1991): how likely one that is alone in the sample is alone in the population."""
    rows, others = int((size * count).sum()), np.arange(1, size[-1])
    missed = np.maximum(population - rows + 1 - others, 0) / (population - others)
    seen_alone = size * np.concatenate(([1.0], np.cumprod(missed)))[size - 1]
    return float(count[0] * count[0] / (count * seen_alone).sum() / rows)


def _pitman(size: np.ndarray, count: np.ndarray, population: int) -> float | None:
    """Hoshino (2001): the likeliest theta and alpha of Pitman's model give the uniques. None where there is no such."""
    rows, classes, ones = float((size * count).sum()), float(count.sum()), float(count[0])
    twos = float(count[size == 2].sum()) or 1.0

    def slopes(parameters: np.ndarray) -> tuple[float, float]:
        theta, alpha = parameters
        by_theta = (digamma(classes + theta / alpha) - digamma(1 + theta / alpha)) / alpha
        by_alpha = (classes - 1 - theta * by_theta) / alpha
        expected = (count * (digamma(size - alpha) - digamma(1 - alpha))).sum()
        return by_theta - digamma(rows + theta) + digamma(theta + 1), by_alpha - expected

    c = ones * (ones - 1) / twos
    with np.errstate(all="ignore"):
        theta = np.divide(
            rows * classes * c - ones * (rows - 1) * (2 * classes + c), 2 * ones * classes + ones * c - rows * c
        )
        alpha = (theta * (ones - rows) + (rows - 1) * ones) / (rows * classes)
        found = root(slopes, np.array([theta, alpha])) if np.isfinite([theta, alpha]).all() else None
        if found is None or not found.success or not 0 < found.x[1] < 1 or found.x[0] <= -found.x[1]:
            return None
        theta, alpha = found.x
        share = math.exp(gammaln(theta + 1) - gammaln(theta + alpha) + (alpha - 1) * math.log(population))
    return share if 0 < share <= 1 else None
