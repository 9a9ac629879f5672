"""Who answers for a request: agencies, kinds or groups are routed to departments in city.yml, and the public is told."""

import pytest

from tests.ready import city
from tests.town import ask

THREE = {"Public Works", "Public Good", "Public Safety"}


def test_every_request_of_the_made_up_city_is_one_of_a_department_whatever_its_tier(larkhaven):
    served = larkhaven / "public" / "current" / "city.db"
    kinds = ask(served, "select service_group, service_name, tier, department from categories")
    assert {kind["department"] for kind in kinds} == THREE
    assert {kind["tier"] for kind in kinds} == {"A", "B", "C"}
    told = ask(
        served,
        """select c.department, count(*) as requests, (select count(*) from service_requests) as of_all
        from service_requests r join categories c on c.service_group = r.service_group
        and c.tier = r.tier and c.service_name is r.service_name group by 1""",
    )
    assert {row["department"] for row in told} == THREE and min(row["requests"] for row in told) > 1000
    assert sum(row["requests"] for row in told) == told[0]["of_all"]


def test_the_departments_of_the_made_up_city_are_the_heads_of_its_budget(larkhaven):
    cabinets = ask(larkhaven / "public" / "current" / "city.db", "select distinct cabinet from budget_lines")
    assert {row["cabinet"] for row in cabinets} >= THREE


@pytest.mark.parametrize(
    ("slug", "agency", "kind", "group", "department"),
    [
        ("boston", "PWDx", "Request for Pothole Repair", "Highway Maintenance", "Public Works Department"),
        ("san_francisco", None, "Streetlights", "Street Lights", "Public Utilities Commission"),
        ("ontario_ca", "Code Enforcement", "Pothole", "Streets", "Public Works"),  # the first that names one of them
        ("ontario_ca", "Library", "A kind", "A group", "Public Good"),
        ("ontario_ca", "An agency of elsewhere", "A kind", "A group", None),
        ("boston", None, None, None, None),
    ],
)
def test_a_request_is_routed_by_its_agency_its_kind_or_its_group(slug, agency, kind, group, department):
    assert city(slug).department_of(agency, kind, group) == department
