"""The frame of the dashboards: the city's colours, the menu, and where to go from here. Nothing else."""

import streamlit as st

from dashboards import data, markup, show, theme
from dashboards.views import budget, capital_projects, map, overview, privacy, resolution_times, stories

# address: view, its name in the menu, the table without which it has nothing to show
VIEWS = {
    "overview": (overview, "Overview", "releases"),
    "resolution_times": (resolution_times, "Resolution times", "durations"),
    "map": (map, "Map", "area_counts"),
    "stories": (stories, "Stories", "stories"),
    "budget": (budget, "Budget", "budget_lines"),
    "capital_projects": (capital_projects, "Capital projects", "capital_projects"),
    "privacy": (privacy, "Privacy", "_privacy_risk"),
}
# The hub's own pages, as the head of each of them lists them: name, address, the table without which there is none.
HUB = (
    ("Data", "/city", "releases"),
    ("Stories", "/stories", "stories"),
    ("Dashboards", "/dashboards/", "releases"),
    ("Methods", "/about/methods", "releases"),
    ("Privacy", "/about/privacy", "releases"),
)


def main() -> None:
    if data.release() is None:
        st.title("Nothing has been published yet")
        st.markdown(
            "These pages open with the first release. Run `cityglass run`, or `cityglass demo` to see a made-up city."
        )
        return
    look = show.look()
    st.html(theme.style(look))
    shown = [name for name in data.views() if data.has(VIEWS[name][2])]
    pages = [
        st.Page(VIEWS[name][0].render, title=VIEWS[name][1], url_path=name, default=name == shown[0]) for name in shown
    ]
    if not pages:
        st.title("Nothing to show yet")
        st.markdown("This release holds nothing that these dashboards show. [All data](/city)")
        return
    page = st.navigation(pages, position="hidden")
    st.set_page_config(page_title=f"{page.title} – {look.name}", layout="wide")
    links = [(words, address) for words, address, table in HUB if data.has(table)]
    st.html(markup.band(look.name, links, look.has_logo))
    with st.container(horizontal=True, key="views"):
        for one in pages:
            st.page_link(one)
    page.run()
    st.divider()
    st.caption(
        f"{show.plain(look.name)}, release {data.release().id}. "
        "Every number here is also a table and a query: [all data](/city), [methods](/about/methods)."
    )


if __name__ == "__main__":
    main()
