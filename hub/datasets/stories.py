"""Community stories: told with consent, approved, and placed only as exactly as their teller chose."""

from hub.schema import Column, Dataset, Privacy, Table, Type

TOLD = (
    Column("story_id", Type.TEXT, "Stable id of the story.", required=True),
    Column("title", Type.TEXT, "Title.", required=True),
    Column("body", Type.TEXT, "The story, or the abstract of a recording, in plain text.", required=True),
    Column("lang", Type.TEXT, "Language the story is told in (BCP 47)."),
    Column("byline", Type.TEXT, "Name the teller chose to be known by."),
    Column("told_date", Type.DATE, "Day it was told or recorded."),
    Column("era", Type.TEXT, "Time the story is about, in the teller's words."),
    Column("era_start", Type.INTEGER, "First year the story is about."),
    Column("era_end", Type.INTEGER, "Last year the story is about."),
    Column("subjects", Type.TEXT, "Subjects, separated by '; '."),
    Column("place_label", Type.TEXT, "Place, as the teller names it."),
)
PLACED = (
    Column("lat", Type.NUMBER, "Latitude, snapped to the chosen precision; null where the place is not shown."),
    Column("long", Type.NUMBER, "Longitude, snapped to the chosen precision."),
    Column("place_precision", Type.TEXT, "exact, block, neighbourhood, city or none."),
)
TERMS = (
    Column("rights", Type.TEXT, "What you may do with it, in words.", required=True),
    Column("rights_uri", Type.TEXT, "Licence or rights statement."),
    Column("credit_line", Type.TEXT, "How to credit it."),
    Column("media_url", Type.TEXT, "Recording or image at its holder."),
)

STORIES = Table(
    "stories",
    "Stories",
    "The community archive: stories that their tellers agreed to share and the city approved.",
    (*TOLD, *PLACED, Column("district", Type.TEXT, "District of the shown place; null where it is coarser."), *TERMS),
    key=("story_id",),
    indexes=(("era_start",), ("district",), ("place_precision",)),
    search=("title", "body", "subjects", "place_label", "byline"),
    facets=("place_precision", "lang"),
    label="title",
    sort="story_id",
)

STORY_SUBJECTS = Table(
    "story_subjects",
    "Story subjects",
    "Each subject of each story.",
    (
        Column("story_id", Type.TEXT, "The story.", references="stories.story_id"),
        Column("subject", Type.TEXT, "Subject."),
    ),
    key=("story_id", "subject"),
    indexes=(("subject",),),
    facets=("subject",),
)

DATASET = Dataset(
    "stories",
    "Stories",
    "The community story archive.",
    key=("story_id",),
    record=(
        *TOLD,
        Column("lat", Type.NUMBER, "Latitude as received.", Privacy.PLACE),
        Column("long", Type.NUMBER, "Longitude as received.", Privacy.PLACE),
        Column("place_precision", Type.TEXT, "Precision the teller chose.", Privacy.PLACE),
        *TERMS,
        Column("approved", Type.TEXT, "yes once the city approved it.", Privacy.WITHHELD),
        Column("consent", Type.TEXT, "yes once consent of all narrators is on file.", Privacy.WITHHELD),
    ),
    table=STORIES,
    companions=(STORY_SUBJECTS,),
)
