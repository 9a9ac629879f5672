"""SOURCES: how to talk to each platform. A source yields pages of text exactly as the system sent it."""

from etl.sources import (
    arcgis,
    carto,
    ckan,
    dataverse,
    files,
    ical,
    legistar,
    misshapen,
    open311,
    seeclickfix,
    socrata,
)
from etl.sources.page import Adapter

ADAPTERS: dict[str, Adapter] = {
    "arcgis": Adapter(arcgis.parts, arcgis.pages, arcgis.changes, arcgis.probe, arcgis.recognises),
    "carto": Adapter(carto.parts, carto.pages, carto.changes, carto.probe, carto.recognises),
    "ckan": Adapter(ckan.parts, ckan.pages, None, ckan.probe, ckan.recognises),
    "dataverse": Adapter(
        dataverse.parts,
        dataverse.pages,
        dataverse.changes,
        dataverse.probe,
        dataverse.recognises,
        hosts=("login.microsoftonline.com",),
    ),
    "files": Adapter(files.parts, files.pages, None, files.probe, files.recognises, resumes=False),
    "ical": Adapter(ical.parts, ical.pages, None, ical.probe, ical.recognises),
    "legistar": Adapter(
        legistar.parts,
        legistar.pages,
        legistar.changes,
        legistar.probe,
        legistar.recognises,
        hosts=("webapi.legistar.com",),
    ),
    "open311": Adapter(open311.parts, open311.pages, open311.changes, open311.probe, open311.recognises),
    "seeclickfix": Adapter(
        seeclickfix.parts, seeclickfix.pages, seeclickfix.changes, seeclickfix.probe, seeclickfix.recognises
    ),
    "socrata": Adapter(socrata.parts, socrata.pages, socrata.changes, socrata.probe, socrata.recognises),
}
SOURCES = {name: misshapen.told(adapter) for name, adapter in ADAPTERS.items()}
