"""What Dataverse tells of its tables: their names, their columns, and whether changes are tracked."""

from dataclasses import dataclass

from tests.cities.platforms.dataverse import JSON, Dataverse
from tests.cities.wire import Answer

KINDS = {"statecode": "State", "statuscode": "Status", "cgl_servicegroup": "Picklist", "createdon": "DateTime"}


@dataclass
class Described(Dataverse):
    """The made-up Dataverse with its schema; `tracked`: whether changes of the table are."""

    tracked: bool = True

    def api(self, asked, what):
        if what == "EntityDefinitions":
            names = {"LogicalName": "incident", "EntitySetName": "incidents", "PrimaryIdAttribute": "incidentid"}
            name, _, value = asked.query["$filter"].partition(" eq ")
            rows = [names | {"ChangeTrackingEnabled": self.tracked}] if f"'{names[name]}'" == value else []
            return Answer({"value": rows}, kind=JSON)
        if what == "EntityDefinitions(LogicalName='incident')/Attributes":
            return Answer({"value": [*map(self.attribute, self.table.columns), *self.shadows()]}, kind=JSON)
        return super().api(asked, what)

    def attribute(self, name):
        is_lookup = name.startswith("_")
        kind = "Lookup" if is_lookup else KINDS.get(name, "String")
        name = name.removeprefix("_").removesuffix("_value") if is_lookup else name
        return {"LogicalName": name, "AttributeType": kind, "AttributeOf": None, "IsValidForRead": True}

    def shadows(self):
        """What the schema has and the Web API has not."""
        yield {"LogicalName": "statuscodename", "AttributeType": "Virtual", "AttributeOf": "statuscode"}
        yield {"LogicalName": "to", "AttributeType": "PartyList", "AttributeOf": None, "IsValidForRead": True}
        yield {"LogicalName": "secret", "AttributeType": "String", "AttributeOf": None, "IsValidForRead": False}
