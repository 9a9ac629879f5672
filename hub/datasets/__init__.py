"""DATASETS: every dataset the hub knows, by name. Adding one is a file and a line."""

from hub.datasets import budget, capital_projects, service_requests, stories
from hub.datasets.about_release import RELEASE_TABLES
from hub.schema import Dataset, Table, View

DATASETS: dict[str, Dataset] = {
    module.DATASET.name: module.DATASET for module in (service_requests, budget, capital_projects, stories)
}


def tables() -> tuple[Table, ...]:
    """Every table of a release, in the order in which it is built."""
    return (*(table for dataset in DATASETS.values() for table in dataset.tables), *RELEASE_TABLES)


def views() -> tuple[View, ...]:
    return tuple(view for dataset in DATASETS.values() for view in dataset.views)
