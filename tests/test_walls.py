"""The walls of the house: who may import whom, who may open what, and that no table has a gap."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.app import VIEWS
from etl import anonymize, canonical, downloads, gate, tables, typed, vault
from etl.checks import account, canaries, file, received, rows
from etl.checks.finding import Case, Finding
from etl.privacy import snap
from etl.sources import SOURCES, files
from hub import city
from hub.city import load_city
from hub.datasets import DATASETS
from hub.layout import LAYOUT, MEANS
from hub.policy import DELAY_DAYS, LOOSEST_GRAIN, LOOSEST_K, LOOSEST_LEVEL, TIERS
from hub.schema import SQLITE, Privacy, Type
from hub.source import ADAPTERS, AREAS, DATASET_OF_SOURCE

ROOT = Path(__file__).parents[1]
ROOMS = ("hub", "etl", "dashboards")
ALLOWED = {"hub": {"hub"}, "etl": {"etl", "hub"}, "dashboards": {"dashboards", "hub"}}
MODULES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8"))
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
}
EXCEPT_CLI = [name for name in MODULES if not name.startswith("hub/cli")]
WRITING = ("write_text", "write_bytes", "mkdir", "rmtree", "unlink", "symlink_to", "copyfile", "copytree")
SKIPPED = {
    "work",
    ".git",
    ".venv",
    "data",
    "vendor",
    "node_modules",
    "__pycache__",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
}
TEXT = {".py", ".md", ".yml", ".yaml", ".toml", ".sql", ".html", ".css", ".js", ".lock", ".txt", ".cfg", ".json", ""}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def words(tree: ast.AST) -> set[str]:
    """Every name, attribute and text that a module uses; its docstrings are sentences, not words."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def users(*wanted: str) -> set[str]:
    return {name for name, tree in MODULES.items() if words(tree) & set(wanted)}


@pytest.mark.parametrize("name", EXCEPT_CLI)
def test_a_room_imports_only_the_rooms_it_may(name):
    rooms = {module.partition(".")[0] for module in imported(MODULES[name])} & {*ROOMS, "tests", "bench"}
    assert rooms <= ALLOWED[name.partition("/")[0]]


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("etl/sources/")])
def test_a_source_knows_neither_the_schema_nor_privacy(name):
    assert not [
        m for m in imported(MODULES[name]) if m.startswith(("hub.schema", "hub.policy", "hub.datasets", "etl.privacy"))
    ]


@pytest.mark.parametrize("name", ["dashboards/charts.py", "dashboards/maps.py"])
def test_what_draws_does_not_know_what_shows_it(name):
    assert not [module for module in imported(MODULES[name]) if module.startswith("streamlit")]


def test_only_one_file_touches_the_internals_of_datasette():
    public = {
        "datasette.hookimpl",
        "datasette.Request",
        "datasette.Response",
        "datasette.NotFound",
        "datasette.Forbidden",
    }
    inside = {
        name: inner
        for name, tree in MODULES.items()
        if (inner := {m for m in imported(tree) if m.split(".")[0] == "datasette"} - public)
    }
    assert set(inner for inner in inside if inner != "hub/datasette_compat.py") == set()


def segments(tree: ast.AST) -> set[str]:
    """Every text that is a part of a path: `folder / "text"`."""
    parts = [node.right for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def pathfinders(segment: str) -> set[str]:
    return {name for name, tree in MODULES.items() if segment in segments(tree)}


def test_private_data_is_opened_in_three_files_only():
    assert pathfinders("private") == {"etl/vault.py", "etl/keys.py", "etl/status.py"}
    assert pathfinders("release.key") == {"etl/keys.py"} and pathfinders("vault.duckdb") == {"etl/vault.py"}


def test_the_public_folder_is_written_in_two_files_only():
    assert users("make_current", "prune") == {"etl/release.py", "hub/releases.py"}
    assert users("rollback") <= {
        "hub/releases.py",
        "hub/cli_releases.py",
        "etl/vault.py",
    }  # in the vault it is a transaction's


def test_the_public_process_writes_no_file():
    assert {name for name in users(*WRITING) if not name.startswith(("etl/", "hub/sample/"))} == {
        "hub/releases.py",
        "hub/cli.py",
        "hub/cli_begin.py",
        "hub/basemap.py",  # into the folder that a publish gives it
    }


def test_the_public_process_loads_no_code_that_could_open_private_data():
    code = "import sys, hub.app, hub.plugin; print(sorted(name for name in sys.modules if name.split('.')[0] == 'etl'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_no_file_names_a_machine_or_a_registry():
    never = re.compile(
        r"/(work|root)/\w|/(home|Users)/\w+/" + "|pypi" + r"\.org|python" + r"hosted|npm" + r"js\.(org|com)"
    )
    found = {
        (str(path.relative_to(ROOT)), never.search(text).group())
        for path in ROOT.rglob("*")
        if path.is_file() and path.suffix in TEXT and not SKIPPED & set(path.relative_to(ROOT).parts)
        if never.search(text := path.read_text("utf-8", errors="ignore"))
    }
    assert found == set()


# Tables without gaps


def test_every_privacy_has_a_rule_and_every_type_a_form_everywhere():
    assert set(anonymize.RULES) == set(Privacy)
    for table in (SQLITE, typed.TYPED, vault.DUCK, tables.ARROW, downloads.FRICTIONLESS):
        assert set(table) == set(Type)


def test_every_dataset_is_fed_finished_and_released():
    assert set(canonical.FINISH) == set(DATASETS) == set(DATASET_OF_SOURCE.values())
    assert set(tables.OTHERS) == set(DATASETS) - {"service_requests"}
    assert not set(AREAS) & set(DATASET_OF_SOURCE)


def test_every_check_of_the_gate_is_in_its_table():
    checks = {
        function.__name__
        for subject in (account, canaries, file, received, rows)
        for function in vars(subject).values()
        if getattr(function, "__annotations__", {}) == {"case": Case, "return": list[Finding]}
    }
    assert {check.__name__ for check in gate.CHECKS} == checks and len(checks) >= 10


def test_every_format_and_adapter_that_a_city_may_name_can_be_read():
    _, is_known, _ = MEANS["format"]
    assert all(map(is_known, files.READERS)) and set(files.FORMATS.values()) <= set(files.READERS)
    assert set(MEANS) < set(LAYOUT) and all(map(MEANS["epoch"][1], typed.EPOCHS))
    for path in (ROOT / "city.yml", *(ROOT / "etl" / "cities").glob("*.yml")):
        assert {source.adapter for source in load_city(path).sources.values()} <= set(SOURCES) == ADAPTERS


def test_every_tier_has_its_bounds():
    assert set(LOOSEST_GRAIN) == set(LOOSEST_LEVEL) == set(DELAY_DAYS) == set(TIERS) - {"X"}
    assert set(LOOSEST_K) == {"B", "C"}


def test_every_flag_is_raised_somewhere_and_explained_to_the_public():
    source = (ROOT / "etl" / "canonical.py").read_text("utf-8")
    assert [word for word in canonical.FLAGS if source.count(f'"{word}"') < 2] == []


def test_every_precision_that_a_teller_may_choose_is_snapped():
    source = (ROOT / "etl" / "canonical.py").read_text("utf-8")
    assert [word for word in snap.DECIMALS if f'"{word}"' not in source] == []


def test_every_dashboard_is_on_the_menu_and_a_city_may_choose_it():
    on_disk = {path.stem for path in (ROOT / "dashboards" / "views").glob("*.py")} - {"__init__"}
    assert {view.__name__.rpartition(".")[2] for view, *_ in VIEWS.values()} == on_disk
    assert list(VIEWS) == list(city.VIEWS)
