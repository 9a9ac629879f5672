"""What Datasette shows about a release: datasets + measures + queries + city -> metadata.yml, checked strictly.

Datasette ignores a misspelt table or column without a word; `check` does not.
"""

import difflib
import sqlite3
from html import escape

import yaml

from hub.city import City
from hub.datasets import DATASETS, views
from hub.datasets.about_release import RELEASE_TABLES
from hub.errors import ConfigurationError
from hub.questions import Question, measures, queries
from hub.schema import SQLITE, Table, View
from hub.sql_functions import register

DATABASE = "city"
PAGE = 50  # rows of a table page
TOP_KEYS = ("title", "description", "license", "source", "about", "about_url", "databases", "plugins")
DATABASE_KEYS = ("title", "description", "tables", "queries")
TABLE_KEYS = (
    "title",
    "description",
    "columns",
    "size",
    "facets",
    "label_column",
    "sortable_columns",
    "sort",
    "fts_table",
    "fts_pk",
)
QUERY_KEYS = ("title", "description_html", "sql", "params", "hide_sql")


def build(city: City, *, release: str | None = None) -> dict:
    """Metadata of the city's database, in the layout of Datasette 0.65. `release` is the id it is written for.

    A question about a table that this city does not publish is left out. Raises ConfigurationError."""
    tables = _tables(city)
    names = {table.name for table in tables}
    with empty(tables, views_of(names)) as schema:
        asked = {question.name: _query(question) for question in questions_about(names)}
        shown = {table.name: _table(table) for table in tables}
        shown |= {view.name: _view(view, tables, schema) for view in views_of(names)}
        metadata = {
            "title": city.brand.name,
            "description": f"What residents of {city.name} asked for, what became of it, and what the city spends."
            + (f" Release {release}." if release else ""),
            "license": f"Open data of {city.name}, under the city's own terms",
            "source": f"{city.name}'s own systems, named in the table 'sources'",
            "about": "How these tables are made",
            "about_url": "/about/methods",
            "databases": {
                DATABASE: {
                    "title": f"{city.name}: all tables and questions",
                    "description": "Every table of this release, ready questions, and SQL of your own.",
                    "tables": shown,
                    "queries": asked,
                }
            },
            "plugins": {"cityglass": _settings(city)},
        }
        check(metadata, schema)
    return metadata


def dump(city: City, *, release: str | None = None) -> str:
    """The same as YAML, the same bytes for the same inputs."""
    return written(build(city, release=release), city)


def written(metadata: dict, city: City) -> str:
    head = f"# What Datasette shows for {city.name}: written by `cityglass metadata` from hub/ and {city.path.name}.\n"
    return head + yaml.dump(metadata, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def check(metadata: dict, conn: sqlite3.Connection) -> None:
    """Refuse metadata that names what the database lacks, or leaves a column without a meaning.

    `conn` is the release, or `empty()`. Raises ConfigurationError with every problem found."""
    register(conn)
    problems = [*_unknown(metadata, TOP_KEYS, "metadata")]
    for name, database in (metadata.get("databases") or {}).items():
        problems += _unknown(database, DATABASE_KEYS, name)
        have = _columns_by_table(conn)
        for table, about in (database.get("tables") or {}).items():
            problems += _table_problems(table, about, have)
        for query, about in (database.get("queries") or {}).items():
            problems += _query_problems(query, about, have, conn)
    if problems:
        raise ConfigurationError(
            "The metadata does not fit the database:\n  " + "\n  ".join(problems),
            "run `cityglass metadata`, or mend the .sql file",
        )


def empty(tables: tuple[Table, ...], shown: tuple[View, ...]) -> sqlite3.Connection:
    """The tables of a release without rows, in memory: what a query can be checked against."""
    conn = sqlite3.connect(":memory:", factory=_Closing)
    register(conn)
    for table in tables:
        columns = ", ".join(f'"{column.name}" {SQLITE[column.type]}' for column in table.columns)
        conn.execute(f'create table "{table.name}" ({columns})')
        if table.search:
            fields = ", ".join(f'"{name}"' for name in table.search)
            conn.execute(f'create virtual table "{table.name}_fts" using fts5({fields}, content="{table.name}")')
    for view in shown:
        conn.execute(f'create view "{view.name}" as {view.sql}')
    return conn


def views_of(names: set[str]) -> tuple[View, ...]:
    """The views whose dataset is among the tables of this city."""
    return tuple(view for view in views() if any(view in d.views and d.table.name in names for d in DATASETS.values()))


def questions_about(tables: set[str]) -> list[Question]:
    """The measures and ready questions that read only these tables."""
    whole = (*(table for dataset in DATASETS.values() for table in dataset.tables), *RELEASE_TABLES)
    if twice := measures().keys() & queries().keys():
        raise ConfigurationError(
            f"Both a measure and a query are called {', '.join(twice)}.", "rename one of the files"
        )
    not_tables = {view.name for view in views()}
    read: set[str] = set()

    def note(action: int, table: str | None, *_) -> int:
        if action == sqlite3.SQLITE_READ:
            read.add(table.removesuffix("_fts"))
        return sqlite3.SQLITE_OK

    found = []
    with empty(whole, views()) as schema:
        schema.set_authorizer(note)
        for question in (measures() | queries()).values():
            read.clear()
            _prepare(schema, question.name, question.sql)
            if read - not_tables <= tables:
                found.append(question)
    return found


class _Closing(sqlite3.Connection):
    """sqlite3's own `with` commits but does not close."""

    def __exit__(self, *error):
        super().__exit__(*error)
        self.close()


def _tables(city: City) -> tuple[Table, ...]:
    return (*(table for name in city.datasets for table in DATASETS[name].tables), *RELEASE_TABLES)


def _settings(city: City) -> dict:
    return {
        "city": {"name": city.name, "slug": city.slug, "time_zone": city.time_zone, "contact": city.contact},
        "brand": {"name": city.brand.name, "colours": dict(city.brand.colours), "font": city.brand.font} | _drawn(city),
        "datasets": [*city.datasets],
        "views": [*city.views],
    }


def _drawn(city: City) -> dict:
    return {key: text for key in ("logo", "icon") if (text := getattr(city.brand, key))}


def _table(table: Table) -> dict:
    sortable = (
        [*dict.fromkeys((*(index[0] for index in table.indexes), *table.key[:1]))] if table.indexes else [*table.names]
    )
    about = {
        "title": table.title,
        "description": table.about,
        "columns": {
            column.name: column.help + (f" Unit: {column.unit}." if column.unit else "") for column in table.columns
        },
        "size": PAGE,
        "facets": [*table.facets],
        "label_column": table.label,
        "sortable_columns": sortable,
        "sort": table.sort,
    }
    if table.search:
        about |= {"fts_table": f"{table.name}_fts", "fts_pk": "rowid"}
    return {key: value for key, value in about.items() if value}


def _view(view: View, tables: tuple[Table, ...], schema: sqlite3.Connection) -> dict:
    """A view's columns mean what the same column means in the tables it joins, unless it says otherwise."""
    known = {column.name: column for table in reversed(tables) for column in table.columns}
    mine = next(dataset for dataset in DATASETS.values() if view in dataset.views)
    known |= {column.name: column for table in reversed(mine.tables) for column in table.columns}
    meant = {name: known[name].help for name in _columns(schema, view.name) if name in known} | view.columns
    return {
        "title": view.title,
        "description": view.about,
        "columns": {n: meant[n] for n in _columns(schema, view.name) if n in meant},
    }


def _query(question: Question) -> dict:
    parts = [f"<p>{escape(question.question)}</p>"]
    if question.unit:
        parts.append(f"<p><strong>Unit:</strong> {escape(question.unit)}.</p>")
    if question.caution:
        parts.append(f"<p><strong>Beware:</strong> {escape(question.caution)}</p>")
    if question.params:
        parts.append(f"<p>{escape(question.empty)}</p>")
    about = {
        "title": question.title,
        "description_html": "".join(parts),
        "sql": question.sql,
        "params": [*question.params],
    }
    return {key: value for key, value in about.items() if value} | {"hide_sql": False}


def _prepare(conn: sqlite3.Connection, name: str, sql: str) -> None:
    values = dict.fromkeys(Question(name, "", "", "", "", {}, sql).params, "")
    try:
        conn.execute(f"explain {sql}", values).fetchall()
    except sqlite3.Error as error:
        raise ConfigurationError(f"The query {name!r} does not run: {error}.", f"mend {name}.sql") from None


def _unknown(mapping: dict, known: tuple[str, ...], where: str) -> list[str]:
    def hint(key: str) -> str:
        near = difflib.get_close_matches(key, known, n=1)
        return f", did you mean {near[0]!r}?" if near else ""

    return [f"{where}: unknown key {key!r}{hint(key)}" for key in mapping if key not in known]


def _table_problems(name: str, about: dict, have: dict[str, tuple[str, ...]]) -> list[str]:
    if name not in have:
        return [f"there is no table {name!r}"]
    columns = have[name]
    named = {
        "columns": about.get("columns", {}),
        "facets": about.get("facets", []),
        "sortable_columns": about.get("sortable_columns", []),
        "label_column": [about["label_column"]] if "label_column" in about else [],
        "sort": [about["sort"]] if "sort" in about else [],
    }
    problems = [*_unknown(about, TABLE_KEYS, name)]
    problems += [
        f"{name}.{key}: there is no column {column!r}"
        for key, list_ in named.items()
        for column in list_
        if column not in columns
    ]
    problems += [f"{name}.{column}: no description" for column in columns if column not in about.get("columns", {})]
    if "fts_table" in about and about["fts_table"] not in have:
        problems.append(f"{name}.fts_table: there is no table {about['fts_table']!r}")
    if about.get("sort") and about["sort"] not in about.get("sortable_columns", []):
        problems.append(f"{name}.sort: {about['sort']!r} is not sortable")
    return problems


def _query_problems(name: str, about: dict, have: dict, conn: sqlite3.Connection) -> list[str]:
    problems = [*_unknown(about, QUERY_KEYS, name)]
    if name in have:
        problems.append(f"the query {name!r} would hide the table of that name")
    try:
        _prepare(conn, name, about["sql"])
    except ConfigurationError as error:
        problems.append(error.message)
    return problems


def _columns_by_table(conn: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    names = [name for (name,) in conn.execute("select name from sqlite_master where type in ('table', 'view')")]
    return {name: _columns(conn, name) for name in names}


def _columns(conn: sqlite3.Connection, table: str) -> tuple[str, ...]:
    return tuple(row[1] for row in conn.execute(f'pragma table_info("{table}")'))


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """Block style, and SQL as it was written."""

    def ignore_aliases(self, data) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    lines = "\n".join(line.rstrip() for line in value.split("\n"))
    return dumper.represent_scalar("tag:yaml.org,2002:str", lines, style="|" if "\n" in lines else None)


_Dumper.add_representer(str, _text)
