"""How finely the made-up city is told under its own policy: privacy must leave something to see."""

import pytest

from tests.town import ask

LADDER = ("h3_9/week", "h3_8/week", "h3_8/month", "h3_7/month", "neighbourhood/quarter", "city/quarter")


@pytest.fixture
def served(larkhaven):
    return larkhaven / "public" / "current" / "city.db"


def test_three_of_four_requests_about_a_property_are_told_by_a_small_cell_and_the_month_or_finer(served):
    told = ask(
        served,
        """select place_level || '/' || requested_grain as rung, count(*) as requests
        from service_requests where tier = 'B' group by 1""",
    )
    rungs = {row["rung"]: row["requests"] for row in told}
    assert set(rungs) == set(LADDER)  # no rung is there in vain
    assert sum(rungs[rung] for rung in LADDER[:3]) >= 0.76 * sum(rungs.values()) > 15_000


def test_hardly_a_request_is_kept_back_because_too_few_are_like_it(served):
    kept_back = ask(
        served, "select tier, value from _privacy_risk where dataset = 'service_requests' and measure = 'withheld'"
    )
    assert {row["tier"] for row in kept_back} == {"A", "B", "C"}
    assert all(row["value"] <= 0.005 for row in kept_back)


def test_the_tiers_are_as_large_as_in_a_measured_city(served):
    tiers = ask(served, "select tier, 1.0 * count(*) / sum(count(*)) over () as share from service_requests group by 1")
    assert {row["tier"]: row["share"] for row in tiers} == pytest.approx({"A": 0.482, "B": 0.389, "C": 0.129}, abs=0.02)
