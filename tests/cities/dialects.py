"""PLATFORMS: every dialect that a city can speak; each is made of a model and its own options."""

from tests.cities.platforms.arcgis import ArcGIS
from tests.cities.platforms.carto import Carto
from tests.cities.platforms.ckan import CKAN
from tests.cities.platforms.dataverse_schema import Described
from tests.cities.platforms.files import Files
from tests.cities.platforms.ical import Calendars
from tests.cities.platforms.legistar import Legistar
from tests.cities.platforms.open311 import Open311
from tests.cities.platforms.seeclickfix import SeeClickFix
from tests.cities.platforms.socrata import Socrata

PLATFORMS = {
    "arcgis": ArcGIS,
    "carto": Carto,
    "ckan": CKAN,
    "dataverse": Described,
    "files": Files,
    "ical": Calendars,
    "legistar": Legistar,
    "open311": Open311,
    "seeclickfix": SeeClickFix,
    "socrata": Socrata,
}
