"""When something cannot be answered: a page, or JSON for a program, that says why and where to go on.

Nothing here tells how the server is built: an unforeseen error has no words at all.
"""

from datasette import Request, Response

from hub import datasette_compat as compat
from hub.datasette_compat import Datasette

TITLES = {
    400: "That could not be answered",
    403: "This is not public",
    404: "There is nothing at this address",
    500: "Something went wrong here",
}
NOWHERE = "The address may be misspelt, or what it named is not in the present release."
UNFORESEEN = "It is not your mistake. Try again in a moment; if it stays so, please write to us."
NO_LIST = "A filter by a list needs a list of plain values, for example [1, 2] or 1,2."
# Datasette's words, or their beginning: ours
WORDS = {
    "404": NOWHERE,
    "Database not found": NOWHERE,
    "Invalid database": NOWHERE,
    "Table not found": "There is no table or question of that name.",
    "Record not found": "There is no such row in the present release.",
    "Statement must be a SELECT": "Only SELECT can be asked here: nothing can be changed.",
    "You can only execute one statement": "Only one statement at a time can be asked here.",
    "interrupted": "It took too long and was stopped. Ask for less, or take the whole table home.",
    "You do not have permission": "What is public is all on the pages below.",
    "fts5:": "These words cannot be searched for. Try plain words, without quotation marks.",
    "unterminated string": "These words cannot be searched for. Try plain words, without quotation marks.",
    "no list": NO_LIST,
    "Error binding parameter": NO_LIST,
    "no switch": "A switch in this address is neither on nor off: write on, or leave it out.",
    "no mark": "This page mark (_next) is not valid. Start from the first page.",
}
HEADERS = {"cache-control": "no-store", "access-control-allow-origin": "*"}


async def answer(datasette: Datasette, request: Request, exception: Exception) -> Response:
    """The error in the format that was asked for."""
    status, words = compat.problem(exception)
    error = next((ours for theirs, ours in WORDS.items() if words.startswith(theirs)), words) or UNFORESEEN
    context = {"ok": False, "status": status, "title": TITLES.get(status, TITLES[400]), "error": error}
    if request.path.endswith(".json"):
        return Response.json(context, status=status, headers=HEADERS)
    if request.path.endswith(".csv"):
        return Response.text(f"{error}\n", status=status, headers=HEADERS)
    page = await datasette.render_template("error.html", context | {"sql": request.args.get("sql")}, request)
    return Response.html(page, status=status, headers=HEADERS)
